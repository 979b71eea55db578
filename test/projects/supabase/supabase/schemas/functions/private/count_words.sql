create function private.count_words(body text)
  returns integer
  language sql
  immutable
  parallel safe
return cardinality(regexp_split_to_array(nullif(btrim(body), ''), '\s+'));
comment on function private.count_words(text) is 'A generated column holds it, so it stands before the table does.';
