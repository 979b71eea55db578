grant insert (team_id, owner, body) on api.notes to app_user;

create policy insert_member on api.notes
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]) and owner = (select private.me()));
