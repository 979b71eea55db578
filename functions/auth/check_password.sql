create function auth.check_password(user_id bigint, password text)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  wanted constant integer := (select s.bcrypt_cost from auth.settings as s);
  -- The setting may have been higher, and some hashes with it.
  dearest constant integer := greatest(wanted, (select max(c.cost) from auth.credentials as c));
  stored text;
  stored_cost integer;
  computed text;
  is_right boolean;
begin
  select c.password_hash, c.cost
  into stored, stored_cost
  from auth.credentials as c
  where c.user_id = check_password.user_id;
  -- Time must not tell whether there is an account, whatever the setting was when its hash was made: without one as much
  -- is done as for the dearest hash that there is, on a salt of its own.
  computed := internal.crypt(coalesce(password, ''), coalesce(stored, internal.gen_salt('bf', dearest)));
  -- And a cheaper hash is made up for: each step is as much work as all before it.
  for step in coalesce(stored_cost, dearest)..dearest - 1 loop
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
  -- A hash from before the setting changed is made anew while the password is at hand.
  if is_right and stored_cost <> wanted then
    update auth.credentials as c
    set password_hash = internal.crypt(password, internal.gen_salt('bf', wanted))
    where c.user_id = check_password.user_id
      and c.password_hash = stored;
  end if;
  return is_right;
end
$$;
comment on function auth.check_password(bigint, text) is 'Whether this is the account''s password; takes as long for an account that does not exist. Definer, because it reads hashes; granted to nobody.';
