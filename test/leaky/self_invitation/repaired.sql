grant insert on api.members to app_user;

create policy insert_admin on api.members
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams('admin'))::integer[]));
