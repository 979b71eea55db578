create function auth.issue_token(user_id bigint)
  returns auth.jwt_token
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  issued_at bigint;
  claims jsonb;
  token auth.jwt_token;
begin
  -- After a change of password the first token may lie up to a second ahead: whole seconds could not tell it from one
  -- that was issued just before.
  select
    greatest(floor(extract(epoch from clock_timestamp()))::bigint, c.tokens_since),
    jsonb_build_object('role', 'api_user', 'user_id', u.id, 'email', u.email)
  into issued_at, claims
  from api.users as u
  join auth.credentials as c on c.user_id = u.id
  where u.id = issue_token.user_id;
  if claims is null then
    raise exception 'there is no such account'
      using errcode = 'no_data_found';
  end if;
  token.token := auth.sign_jwt(
    claims || jsonb_build_object(
      'iat', issued_at,
      'exp', issued_at + (select ceil(extract(epoch from s.token_lifetime))::bigint from auth.settings as s)
    )
  );
  return token;
end
$$;
comment on function auth.issue_token(bigint) is 'A token for an account, valid for auth.settings.token_lifetime. Definer, because it reads what no API role may; granted to nobody, since it asks for no password.';
