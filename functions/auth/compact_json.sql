create function auth.compact_json(document jsonb)
  returns text
  language plpgsql
  immutable
  set search_path = ''
as $$
begin
  return case jsonb_typeof(document)
    when 'object' then (
      select '{' || coalesce(string_agg(to_json(e.key)::text || ':' || auth.compact_json(e.value), ',' order by e.place), '') || '}'
      from jsonb_each(document) with ordinality as e (key, value, place)
    )
    when 'array' then (
      select '[' || coalesce(string_agg(auth.compact_json(e.value), ',' order by e.place), '') || ']'
      from jsonb_array_elements(document) with ordinality as e (value, place)
    )
    else document::text
  end;
end
$$;
comment on function auth.compact_json(jsonb) is 'JSON without white space, as token libraries write it. Granted to nobody.';
