-- A barrier, because the condition stands in for a policy: nothing that a client adds is computed on rows that it rules out.
create view api.project_activity
with (security_invoker = true, security_barrier = true)
as
  select
    a.project_id,
    a.week,
    a.created_tasks,
    a.completed_tasks
  from stats.project_activity as a
  where a.project_id = any ((select auth.project_ids())::bigint[]);
comment on view api.project_activity is 'Tasks created and completed a week in the caller''s projects, as of the last refresh.';
comment on column api.project_activity.project_id is 'The project.';
comment on column api.project_activity.week is 'The Monday on which the week begins, in UTC.';
comment on column api.project_activity.created_tasks is 'Tasks created in that week.';
comment on column api.project_activity.completed_tasks is 'Completed tasks that last changed in that week.';
grant select on api.project_activity to api_user;
-- A materialized view has no row level security: this view is the only way to it, since nobody has usage on stats.
grant select on stats.project_activity to api_user;
