alter policy select_own on api.notes
  using (owner = current_user or public);
drop policy public on api.notes;
