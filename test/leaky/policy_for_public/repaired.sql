grant select on api.teams to anonymous, app_user;

create policy select_all on api.teams
  for select
  to app_user
  using (true);
