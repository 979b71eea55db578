create function auth.hash_password(password text)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if password is null or char_length(password) < 8 then
    raise exception 'the password is too short'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a password has at least 8 characters';
  end if;
  if octet_length(password) > 72 then
    raise exception 'the password is too long'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a password has at most 72 bytes; bcrypt would ignore the rest';
  end if;
  return internal.crypt(password, internal.gen_salt('bf', (select s.bcrypt_cost from auth.settings as s)));
end
$$;
comment on function auth.hash_password(text) is 'Checks a new password and hashes it with bcrypt. Definer, because it reads auth.settings; granted to nobody.';
