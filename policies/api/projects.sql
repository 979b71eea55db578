-- Not forced: references check and functions write here as the owner.
alter table api.projects enable row level security;

-- Not granted: id, created_at, updated_at; owner_id only on insert, where it must be the caller.
grant select, insert (name, description, owner_id), update (name, description), delete on api.projects to api_user;

-- The owner is a member from the statement on that creates the project, but within it not yet: without the first
-- condition that statement could not answer with what it made.
create policy select_member on api.projects
  for select
  to api_user
  using (owner_id = (select auth.user_id()) or id = any ((select auth.project_ids())::bigint[]));

create policy insert_owner on api.projects
  for insert
  to api_user
  with check (owner_id = (select auth.user_id()));

create policy update_admin on api.projects
  for update
  to api_user
  using (id = any ((select auth.project_ids('admin'))::bigint[]))
  with check (id = any ((select auth.project_ids('admin'))::bigint[]));

create policy delete_owner on api.projects
  for delete
  to api_user
  using (owner_id = (select auth.user_id()));
