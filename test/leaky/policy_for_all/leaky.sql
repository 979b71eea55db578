grant insert (team_id, body), delete on api.notes to app_user;

create policy all_member on api.notes
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));
