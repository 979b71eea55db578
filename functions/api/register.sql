create function api.register(email text, password text, name text)
  returns auth.jwt_token
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  -- Cut off before the work that grows with its length; nothing that long is an address.
  address constant text := auth.normalise_email(left(register.email, 1000));
  hash text;
  account bigint;
begin
  if register.name is null or char_length(register.name) > 200 or register.name !~ '[^[:space:]]' then
    raise exception 'the name is missing or too long'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a name has 1 to 200 characters';
  end if;
  if address is null
    or octet_length(address) > 254
    or address !~ '^[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:"]+@[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:"]+\.[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:".]+$'
  then
    raise exception 'this is no e-mail address'
      using
        errcode = 'invalid_parameter_value',
        hint = 'write it like name@example.com, without spaces';
  end if;
  -- Before the insert, so that an address that is taken costs the same work as one that is free.
  hash := auth.hash_password(password);
  insert into api.users as u (email, name)
  values (address, register.name)
  on conflict do nothing
  returning u.id into account;
  if account is null then
    raise exception 'there is an account with this e-mail already'
      using
        errcode = 'unique_violation',
        hint = 'log in, or use another address';
  end if;
  insert into auth.credentials (user_id, password_hash)
  values (account, hash);
  return auth.issue_token(account);
end
$$;
comment on function api.register(text, text, text) is
$$Make an account

Answers a token, as login does. 400 for an address, name or password that cannot be used (a password has 8 characters to 72 bytes), 409 for an address that has an account. Definer, because accounts are written by nobody else.$$;
grant execute on function api.register(text, text, text) to api_anonymous;
