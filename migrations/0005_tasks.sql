-- Tasks. An assignee is always a member: the reference goes to the membership, and leaving a project unassigns.
-- tm-db: needs functions/auth/user_id.sql
-- tm-db: needs functions/internal/are_valid_tags.sql

-- Up Migration
create table api.tasks (
  id bigint generated always as identity primary key,
  title text not null check (char_length(title) <= 200 and title ~ '[^[:space:]]'),
  description text check (char_length(description) <= 10000 and description ~ '[^[:space:]]'),
  status text not null default 'pending' check (status in ('pending', 'in_progress', 'completed', 'cancelled')),
  due_date timestamptz check (due_date between '1970-01-01 00:00+00' and '9999-12-31 00:00+00'),
  project_id bigint not null references api.projects on delete cascade,
  assigned_to bigint,
  created_by bigint default auth.user_id() references api.users on delete set null,
  metadata jsonb not null default '{}',
  search_vector tsvector generated always as (
    setweight(to_tsvector('pg_catalog.english', title), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(description, '')), 'B')
  ) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tasks_project_id_id_key unique (project_id, id),
  constraint tasks_project_id_assigned_to_fkey foreign key (project_id, assigned_to)
    references api.project_members (project_id, user_id) on delete set null (assigned_to),
  constraint tasks_metadata_check check (
    jsonb_typeof(metadata) = 'object'
    and octet_length(metadata::text) <= 16384
    and internal.are_valid_tags(metadata -> 'tags')
  )
);
comment on table api.tasks is 'Tasks of the projects that the caller is a member of. task_details has the names with them.';
comment on column api.tasks.id is 'Number of the task.';
comment on column api.tasks.title is 'What is to be done, up to 200 characters.';
comment on column api.tasks.description is 'More about it, up to 10,000 characters.';
comment on column api.tasks.status is 'pending, in_progress, completed or cancelled.';
comment on column api.tasks.due_date is 'When it should be done.';
comment on column api.tasks.project_id is 'The project that it belongs to; a task does not move.';
comment on column api.tasks.assigned_to is 'Who does it: a member of the project, or nobody.';
comment on column api.tasks.created_by is 'Who created it; null when that account is gone.';
comment on column api.tasks.metadata is 'A JSON object of up to 16 kB. `tags`, if there, is a list of different texts.';
comment on column api.tasks.search_vector is 'Words of title and description, for search_tasks.';
comment on column api.tasks.created_at is 'When it was created.';
comment on column api.tasks.updated_at is 'When it last changed; never goes back, so `PATCH …?updated_at=eq.<value>` changes only what one has seen.';

create index tasks_search_idx on api.tasks using gin (search_vector);
create index tasks_metadata_idx on api.tasks using gin (metadata jsonb_path_ops);
-- A project's open tasks by date: GET /task_details?project_id=eq.1&status=eq.pending&order=due_date
create index tasks_project_id_status_due_date_idx on api.tasks (project_id, status, due_date);
-- "My tasks", and the reference to project_members when somebody leaves.
create index tasks_assigned_to_project_id_idx on api.tasks (assigned_to, project_id) where assigned_to is not null;
create index tasks_created_by_idx on api.tasks (created_by) where created_by is not null;

-- After the one of tasks, because PostgreSQL follows references in the order of their creation: deleting a project
-- then removes its tasks at once, and does not unassign each of them first.
-- The tables are empty then: nothing is scanned, nobody waits.
alter table api.project_members
  -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
  add constraint project_members_project_id_fkey foreign key (project_id) references api.projects on delete cascade;

-- Down Migration
alter table api.project_members drop constraint project_members_project_id_fkey;
drop table api.tasks;
