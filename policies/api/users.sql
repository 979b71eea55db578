-- Not forced: the owner's own functions (register, delete_account) write here, and helpers read memberships for the
-- policies below; forced, those would call themselves for ever.
alter table api.users enable row level security;

-- Not granted: email (user_profiles shows one's own), insert (register), delete (delete_account).
grant select (id, name, created_at), update (name) on api.users to api_user;

create policy select_peer on api.users
  for select
  to api_user
  using (id = any ((select auth.peer_ids())::bigint[]));

create policy update_self on api.users
  for update
  to api_user
  using (id = (select auth.user_id()))
  with check (id = (select auth.user_id()));
