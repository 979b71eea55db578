-- finds: policy insert_member on api.projects
-- finds: policy select_member on api.members
-- finds: policy select_peer on api.people
-- finds: policy select_team on api.teams
create table api.projects (id bigint);
create table api.members (project_id bigint, name text);
create table api.people (id bigint, boss bigint);
alter table api.projects enable row level security;
alter table api.members enable row level security;
alter table api.people enable row level security;
create policy insert_member on api.projects
  for insert
  to web_user
  with check (
    exists (
      select
      from api.members as m
      where m.project_id = projects.id
    )
  );
create policy select_project on api.projects
  for select
  to web_user
  using (id = (select 1));
create policy select_member on api.members
  for select
  to web_user
  using (project_id in (select id from api.projects) and project_id in (select project_id from api.members));
create policy select_peer on api.people
  for select
  to web_user
  using (boss in (select p.id from api.people as p));
create table api.teams (id bigint);
create view api.team_list with (security_invoker = true) as
  select t.id
  from api.teams as t;
alter table api.teams enable row level security;
create policy select_team on api.teams
  for select
  to web_user
  using (id in (select l.id from api.team_list as l));
