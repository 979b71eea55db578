create view api.project_details
with (security_invoker = true)
as
  select
    p.id,
    p.name,
    p.description,
    p.created_at,
    p.updated_at,
    p.owner_id,
    o.name as owner_name,
    coalesce(f.total_tasks, 0) as task_count,
    coalesce(f.completed_tasks, 0) as completed_task_count
  from api.projects as p
  left join api.users as o on o.id = p.owner_id
  left join stats.project_figures as f on f.project_id = p.id;
comment on view api.project_details is 'The caller''s projects, with their owner''s name and how many tasks they have.';
comment on column api.project_details.id is 'Number of the project.';
comment on column api.project_details.name is 'Name.';
comment on column api.project_details.description is 'What it is about.';
comment on column api.project_details.created_at is 'When it was created.';
comment on column api.project_details.updated_at is 'When it last changed.';
comment on column api.project_details.owner_id is 'Who owns it.';
comment on column api.project_details.owner_name is 'The owner''s name.';
comment on column api.project_details.task_count is 'Number of its tasks.';
comment on column api.project_details.completed_task_count is 'Number of its completed tasks.';
grant select on api.project_details to api_user;
