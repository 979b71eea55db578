create view api.project_stats
with (security_invoker = true)
as
  select
    p.id as project_id,
    p.name,
    coalesce(f.total_tasks, 0) as total_tasks,
    coalesce(f.completed_tasks, 0) as completed_tasks,
    coalesce(f.member_count, 0) as member_count
  from api.projects as p
  left join stats.project_figures as f on f.project_id = p.id;
comment on view api.project_stats is 'Figures of the caller''s projects, exact right after each write.';
comment on column api.project_stats.project_id is 'The project.';
comment on column api.project_stats.name is 'Its name.';
comment on column api.project_stats.total_tasks is 'Number of its tasks.';
comment on column api.project_stats.completed_tasks is 'Number of its completed tasks.';
comment on column api.project_stats.member_count is 'Number of its members.';
grant select on api.project_stats to api_user;
