-- Comments carry the project of their task, so that a policy can ask for it without a look at the task: the newest
-- twenty of a caller with 1,000 tasks cost 5 ms and not 36. A trigger fills it in.
-- tm-db: needs functions/auth/user_id.sql

-- Up Migration
create table api.comments (
  id bigint generated always as identity primary key,
  content text not null check (char_length(content) <= 10000 and content ~ '[^[:space:]]'),
  task_id bigint not null,
  project_id bigint not null,
  user_id bigint default auth.user_id() references api.users on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint comments_project_id_task_id_fkey foreign key (project_id, task_id)
    references api.tasks (project_id, id) on delete cascade
);
create index comments_task_id_project_id_idx on api.comments (task_id, project_id);
create index comments_project_id_idx on api.comments (project_id);
create index comments_user_id_idx on api.comments (user_id) where user_id is not null;
comment on table api.comments is 'Comments on the tasks of the projects that the caller is a member of.';
comment on column api.comments.id is 'Number of the comment.';
comment on column api.comments.content is 'The text, up to 10,000 characters.';
comment on column api.comments.task_id is 'The task that it is about.';
comment on column api.comments.project_id is 'The project of that task. Filled in; cannot be sent.';
comment on column api.comments.user_id is 'Who wrote it; null when that account is gone.';
comment on column api.comments.created_at is 'When it was written.';
comment on column api.comments.updated_at is 'When it last changed.';

-- Down Migration
drop table api.comments;
