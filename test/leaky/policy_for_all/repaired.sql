grant insert (team_id, body), delete on api.notes to app_user;

create policy insert_member on api.notes
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]));

create policy delete_owner on api.notes
  for delete
  to app_user
  using (owner = (select private.me()));
