create function auth.normalise_email(email text)
  returns text
  language sql
  immutable
  set search_path = ''
as $$
  select lower(btrim(email, E' \t\n\r\f\x0b'))
$$;
comment on function auth.normalise_email(text) is 'An address in the one form that is stored. Granted to nobody.';
