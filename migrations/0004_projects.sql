-- Projects and their members. The reference from members to projects comes with the tasks, in 0005.
-- tm-db: needs functions/auth/user_id.sql

-- Up Migration
create table api.projects (
  id bigint generated always as identity primary key,
  name text not null check (char_length(name) <= 200 and name ~ '[^[:space:]]'),
  description text check (char_length(description) <= 10000 and description ~ '[^[:space:]]'),
  owner_id bigint not null default auth.user_id() references api.users on delete restrict,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index projects_owner_id_idx on api.projects (owner_id);
comment on table api.projects is 'Projects that the caller is a member of. Whoever creates one owns it and is its admin.';
comment on column api.projects.id is 'Number of the project.';
comment on column api.projects.name is 'Name, up to 200 characters.';
comment on column api.projects.description is 'What it is about, up to 10,000 characters.';
comment on column api.projects.owner_id is 'Who owns it; by default, and at first always, the caller. transfer_project hands it over.';
comment on column api.projects.created_at is 'When it was created.';
comment on column api.projects.updated_at is 'When it last changed.';

create table api.project_members (
  project_id bigint not null,
  user_id bigint not null references api.users on delete cascade,
  role text not null check (role in ('viewer', 'contributor', 'admin')),
  joined_at timestamptz not null default now(),
  primary key (project_id, user_id)
);
-- Row level security hides rows and not what the planner knows of them: `Prefer: count=planned` would tell how many
-- members any project has, and in how many projects anybody is.
alter table api.project_members
  alter column project_id set statistics 0,
  alter column user_id set statistics 0;
-- Answers "which projects, in which role" for a caller without a look at the table.
create index project_members_user_id_idx on api.project_members (user_id) include (project_id, role);
comment on table api.project_members is 'Who belongs to which project, and as what: a viewer reads, a contributor writes, an admin also manages.';
comment on column api.project_members.project_id is 'The project.';
comment on column api.project_members.user_id is 'The person. To add somebody whom one does not see yet, use add_member with their e-mail.';
comment on column api.project_members.role is 'viewer, contributor or admin. The owner of a project is always admin.';
comment on column api.project_members.joined_at is 'When they were added.';

-- Down Migration
drop table api.project_members;
drop table api.projects;
