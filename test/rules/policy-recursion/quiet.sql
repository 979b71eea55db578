create table api.projects (id bigint);
create table api.members (project_id bigint, name text);
create table api.open (id bigint, name text);
alter table api.projects enable row level security;
alter table api.members enable row level security;
create policy select_project on api.projects
  for select
  to web_user
  using (
    exists (
      select
      from api.members as m
      where m.project_id = projects.id
    )
  );
create policy select_member on api.members
  for select
  to web_user
  using (name = current_user or name in (select name from api.open));
create policy select_project on api.members
  for select
  to web_anon
  using (project_id in (select id from api.projects));
