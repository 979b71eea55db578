create function api.login(email text, password text)
  returns auth.jwt_token
  language sql
  volatile
begin atomic
  select l.token
  from auth.login(login.email, login.password) as l;
end;
comment on function api.login(text, text) is
$$Log in

Answers a token to send as `Authorization: Bearer <token>`. 401 when e-mail or password is wrong.$$;
grant execute on function api.login(text, text) to api_anonymous, api_user;
