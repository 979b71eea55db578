drop policy own on api.notes;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
