-- Figures about projects. project_figures is one row a project that triggers keep exact; project_activity is computed
-- when it is refreshed, without anybody having to wait for it.

-- Up Migration
create table stats.project_figures (
  project_id bigint primary key references api.projects on delete cascade,
  total_tasks bigint not null default 0,
  completed_tasks bigint not null default 0,
  member_count bigint not null default 0
)
-- A counter changes with every task: room on the page keeps its new versions there, and out of the index.
with (fillfactor = 50);
comment on table stats.project_figures is 'Tasks, completed tasks and members of each project, exact right after each write.';

create materialized view stats.project_activity as
  select
    weeks.project_id,
    weeks.week,
    sum(weeks.created) as created_tasks,
    sum(weeks.completed) as completed_tasks
  from (
    select
      t.project_id,
      date_trunc('week', t.created_at at time zone 'UTC')::date as week,
      1 as created,
      0 as completed
    from api.tasks as t
    union all
    select
      t.project_id,
      date_trunc('week', t.updated_at at time zone 'UTC')::date,
      0,
      1
    from api.tasks as t
    where t.status = 'completed'
  ) as weeks
  group by weeks.project_id, weeks.week;
-- Lets it be refreshed CONCURRENTLY, so that readers never wait. The view is new: nobody waits for its index.
-- squawk-ignore require-concurrent-index-creation
create unique index project_activity_project_id_week_idx on stats.project_activity (project_id, week);
-- As for api.project_members: no estimate tells how long a hidden project has been at work.
alter materialized view stats.project_activity alter column project_id set statistics 0;
comment on materialized view stats.project_activity is 'Tasks created and completed a week (from Monday, UTC) in each project, as of the last refresh.';

-- Down Migration
drop materialized view stats.project_activity;
drop table stats.project_figures;
