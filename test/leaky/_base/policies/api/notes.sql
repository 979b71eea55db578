alter table api.notes enable row level security;
grant select on api.notes to app_user;

create policy select_member on api.notes
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));
