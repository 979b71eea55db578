create table api.people as
  select
    m.person,
    m.team_id,
    md5(m.person) as password_hash
  from api.members as m;
alter table api.people enable row level security;
grant select on api.people to app_user;

create policy select_peer on api.people
  for select
  to app_user
  using (true);
