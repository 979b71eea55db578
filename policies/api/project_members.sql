-- Not forced: the helpers that these policies call read this table as its owner; forced, they would call themselves
-- for ever.
alter table api.project_members enable row level security;

-- Not granted: joined_at, and changes of project_id and user_id.
grant select, insert (project_id, user_id, role), update (role), delete on api.project_members to api_user;

create policy select_member on api.project_members
  for select
  to api_user
  using (project_id = any ((select auth.project_ids())::bigint[]));

-- Only people whom one sees already: anybody else is added by their e-mail, with add_member.
create policy insert_admin on api.project_members
  for insert
  to api_user
  with check (
    project_id = any ((select auth.project_ids('admin'))::bigint[])
    and user_id = any ((select auth.peer_ids())::bigint[])
  );

create policy update_admin on api.project_members
  for update
  to api_user
  using (project_id = any ((select auth.project_ids('admin'))::bigint[]))
  with check (project_id = any ((select auth.project_ids('admin'))::bigint[]));

-- A trigger refuses both for the owner of the project.
create policy delete_admin_or_self on api.project_members
  for delete
  to api_user
  using (project_id = any ((select auth.project_ids('admin'))::bigint[]) or user_id = (select auth.user_id()));
