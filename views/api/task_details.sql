-- Subqueries and not joins: a page is sorted and cut off first, and only what is left of it gets its names. And how many
-- people or projects a caller sees is unknown to the planner, who would join on a guess.
create view api.task_details
with (security_invoker = true)
as
  select
    t.id,
    t.title,
    t.description,
    t.status,
    t.due_date,
    t.project_id,
    (
      select p.name
      from api.projects as p
      where p.id = t.project_id
    ) as project_name,
    t.assigned_to,
    (
      select u.name
      from api.users as u
      where u.id = t.assigned_to
    ) as assignee_name,
    t.created_by,
    (
      select u.name
      from api.users as u
      where u.id = t.created_by
    ) as creator_name,
    t.metadata,
    t.created_at,
    t.updated_at,
    (
      select count(*)
      from api.comments as c
      where c.task_id = t.id
    ) as comment_count
  from api.tasks as t;
comment on view api.task_details is 'The tasks of the caller''s projects, with names and the number of comments. A name that the caller may not see is null.';
comment on column api.task_details.id is 'Number of the task.';
comment on column api.task_details.title is 'What is to be done.';
comment on column api.task_details.description is 'More about it.';
comment on column api.task_details.status is 'pending, in_progress, completed or cancelled.';
comment on column api.task_details.due_date is 'When it should be done.';
comment on column api.task_details.project_id is 'The project that it belongs to.';
comment on column api.task_details.project_name is 'That project''s name.';
comment on column api.task_details.assigned_to is 'Who does it, or null.';
comment on column api.task_details.assignee_name is 'Their name.';
comment on column api.task_details.created_by is 'Who created it; null when that account is gone.';
comment on column api.task_details.creator_name is 'Their name.';
comment on column api.task_details.metadata is 'A JSON object; `tags`, if there, is a list of texts.';
comment on column api.task_details.created_at is 'When it was created.';
comment on column api.task_details.updated_at is 'When it last changed.';
comment on column api.task_details.comment_count is 'Number of its comments.';
grant select on api.task_details to api_user;
