create function auth.require_user()
  returns bigint
  language plpgsql
  stable
  set search_path = ''
as $$
declare
  caller constant bigint := auth.user_id();
begin
  if caller is null then
    raise exception 'this needs a user'
      using
        errcode = 'PT401',
        hint = 'send a token from login';
  end if;
  return caller;
end
$$;
comment on function auth.require_user() is 'The caller''s number, or 401.';
grant execute on function auth.require_user() to api_user;
