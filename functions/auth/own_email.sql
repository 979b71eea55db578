create function auth.own_email()
  returns text
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select u.email
  from api.users as u
  where u.id = auth.user_id()
$$;
comment on function auth.own_email() is 'The caller''s own e-mail. Definer, because no API role may read the column.';
grant execute on function auth.own_email() to api_user;
