create function auth.check_password(user_id bigint, password text)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  cost constant integer := (select s.bcrypt_cost from auth.settings as s);
  stored text;
  computed text;
  is_right boolean;
begin
  select c.password_hash
  into stored
  from auth.credentials as c
  where c.user_id = check_password.user_id;
  -- Without an account the same work is done on a salt of its own, so that time does not tell.
  computed := internal.crypt(coalesce(password, ''), coalesce(stored, internal.gen_salt('bf', cost)));
  -- And after the cost was raised, an older hash is made up for: each step is as much work as all before it.
  for step in coalesce(substring(stored from '^\$2[abxy]\$(\d\d)\$')::integer, cost)..cost - 1 loop
    perform internal.crypt(coalesce(password, ''), internal.gen_salt('bf', step));
  end loop;
  is_right := coalesce(stored is not null and computed = stored and octet_length(password) <= 72, false);
  if is_right then
    -- Only now a lock, so that wrong guesses keep nobody waiting: a change of password that came first makes it wrong.
    perform
    from auth.credentials as c
    where c.user_id = check_password.user_id
      and c.password_hash = stored
    for share;
    is_right := found;
  end if;
  -- A hash from before the cost was raised is made anew while the password is at hand.
  if is_right and substring(stored from '^\$2[abxy]\$(\d\d)\$')::integer < cost then
    update auth.credentials as c
    set password_hash = internal.crypt(password, internal.gen_salt('bf', cost))
    where c.user_id = check_password.user_id
      and c.password_hash = stored;
  end if;
  return is_right;
end
$$;
comment on function auth.check_password(bigint, text) is 'Whether this is the account''s password; takes as long for an account that does not exist. Definer, because it reads hashes; granted to nobody.';
