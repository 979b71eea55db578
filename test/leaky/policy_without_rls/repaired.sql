create table api.drafts as
  select
    n.team_id,
    n.body
  from api.notes as n;
alter table api.drafts enable row level security;
grant select on api.drafts to app_user;

create policy select_member on api.drafts
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));
