create function auth.login(email text, password text)
  returns auth.jwt_token
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  account constant bigint := (select u.id from api.users as u where u.email = auth.normalise_email(login.email));
begin
  if not auth.check_password(account, password) then
    raise exception 'wrong e-mail or password'
      using
        errcode = 'PT401',
        hint = 'check both; api.register makes a new account';
  end if;
  return auth.issue_token(account);
end
$$;
comment on function auth.login(text, text) is 'Checks e-mail and password, and answers a token. Definer, because it reads what no API role may. A wrong password and an unknown e-mail are one answer, after the same work.';
grant execute on function auth.login(text, text) to api_anonymous, api_user;
