alter policy delete_all on api.notes
  using (owner = current_user);
alter policy insert_any on api.notes
  with check (owner = current_user);
alter policy update_own on api.notes
  with check (owner = current_user);
