-- Not forced: references, counters and search work here as the owner.
alter table api.tasks enable row level security;

-- Not granted: id, search_vector, created_at, updated_at; project_id and created_by only on insert.
grant
  select,
  insert (title, description, status, due_date, project_id, assigned_to, created_by, metadata),
  update (title, description, status, due_date, assigned_to, metadata),
  delete
on api.tasks to api_user;

-- The first two conditions hold always. The planner cannot know that and expects next to nothing to be left, so it goes
-- by the projects whatever the order and the limit. Left to its guess it may walk another index in the order that a
-- request asks for, and then whoever sees few tasks waits while it passes all the others.
create policy select_member on api.tasks
  for select
  to api_user
  using (
    (select 1) = 1
    and (select 2) = 2
    and project_id = any ((select auth.project_ids())::bigint[])
  );

create policy insert_contributor on api.tasks
  for insert
  to api_user
  with check (
    project_id = any ((select auth.project_ids('contributor'))::bigint[])
    and created_by = (select auth.user_id())
  );

-- An assignee who is a viewer moves the status with change_task_status.
create policy update_contributor on api.tasks
  for update
  to api_user
  using (project_id = any ((select auth.project_ids('contributor'))::bigint[]))
  with check (project_id = any ((select auth.project_ids('contributor'))::bigint[]));

create policy delete_admin_or_creator on api.tasks
  for delete
  to api_user
  using (
    project_id = any ((select auth.project_ids('contributor'))::bigint[])
    and (created_by = (select auth.user_id()) or project_id = any ((select auth.project_ids('admin'))::bigint[]))
  );
