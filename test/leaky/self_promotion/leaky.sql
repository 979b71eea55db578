grant update on api.members to app_user;

create policy update_self on api.members
  for update
  to app_user
  using (person = (select private.me()))
  with check (person = (select private.me()));
