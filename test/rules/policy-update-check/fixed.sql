alter policy update_own on api.notes
  with check (owner = current_user);
