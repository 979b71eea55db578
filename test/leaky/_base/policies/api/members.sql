alter table api.members enable row level security;
grant select on api.members to app_user;

create policy select_member on api.members
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));
