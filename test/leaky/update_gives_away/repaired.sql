grant update (owner, body) on api.notes to app_user;

create policy update_owner on api.notes
  for update
  to app_user
  using (owner = (select private.me()))
  with check (owner = (select private.me()));
