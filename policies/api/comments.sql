-- Not forced: references and triggers work here as the owner.
alter table api.comments enable row level security;

-- Not granted: id, project_id (a trigger fills it), created_at, updated_at; task_id and user_id only on insert.
grant select, insert (content, task_id, user_id), update (content), delete on api.comments to api_user;

-- The first two conditions hold always: as for tasks, they keep the planner to the projects.
create policy select_member on api.comments
  for select
  to api_user
  using (
    (select 1) = 1
    and (select 2) = 2
    and project_id = any ((select auth.project_ids())::bigint[])
  );

create policy insert_contributor on api.comments
  for insert
  to api_user
  with check (
    project_id = any ((select auth.project_ids('contributor'))::bigint[])
    and user_id = (select auth.user_id())
  );

create policy update_author on api.comments
  for update
  to api_user
  using (
    user_id = (select auth.user_id())
    and project_id = any ((select auth.project_ids('contributor'))::bigint[])
  )
  with check (
    user_id = (select auth.user_id())
    and project_id = any ((select auth.project_ids('contributor'))::bigint[])
  );

create policy delete_author_or_admin on api.comments
  for delete
  to api_user
  using (
    project_id = any ((select auth.project_ids('contributor'))::bigint[])
    and (user_id = (select auth.user_id()) or project_id = any ((select auth.project_ids('admin'))::bigint[]))
  );
