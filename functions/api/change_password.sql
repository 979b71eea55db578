create function api.change_password(current_password text, new_password text)
  returns auth.jwt_token
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  caller constant bigint := auth.require_user();
begin
  -- Before the check, which takes a weaker lock: two at once would otherwise wait for each other.
  perform
  from auth.credentials as c
  where c.user_id = caller
  for update;
  if not auth.check_password(caller, current_password) then
    raise exception 'the current password is wrong'
      using
        errcode = 'PT401',
        hint = 'nothing was changed';
  end if;
  update auth.credentials as c
  set
    password_hash = auth.hash_password(new_password),
    tokens_since = greatest(c.tokens_since, floor(extract(epoch from clock_timestamp()))::bigint) + 1
  where c.user_id = caller;
  return auth.issue_token(caller);
end
$$;
comment on function api.change_password(text, text) is
$$Change one's password

Answers a new token; every older one stops working. 401 when the current password is wrong, 400 when the new one cannot be used. Definer, because it writes what no API role may read.$$;
grant execute on function api.change_password(text, text) to api_user;
