grant update (role) on api.members to app_user;

create policy update_admin on api.members
  for update
  to app_user
  using (team_id = any ((select private.my_teams('admin'))::integer[]) and person <> (select private.me()))
  with check (team_id = any ((select private.my_teams('admin'))::integer[]) and person <> (select private.me()));
