grant insert on api.members to app_user;

create policy insert_self on api.members
  for insert
  to app_user
  with check (person = (select private.me()));
