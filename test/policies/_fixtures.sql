-- The cast of the policy tests. Apollo has everybody in it: an owner, an admin, contributors, viewers. Borealis belongs to
-- Omar alone. So whoever sees all rows sees too many, and whoever sees none too few.

create function tests.new_user(name text)
  returns jsonb
  language sql
as $$
  with account as (
    insert into api.users (email, name)
    values (lower(new_user.name) || '@example.com', new_user.name)
    returning id, email
  ), credentials as (
    -- No password has this hash.
    insert into auth.credentials (user_id, password_hash)
    select account.id, '*'
    from account
  )
  select jsonb_build_object('role', 'api_user', 'user_id', account.id, 'email', account.email, 'iat', 1700000000)
  from account
$$;
