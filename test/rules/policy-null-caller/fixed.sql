alter policy select_own on api.notes
  using (owner = (select private.user_id()));
alter policy select_shared on api.notes
  using (owner = (select private.user_id()) and not archived);
alter policy insert_own on api.notes
  with check (owner = 1);
alter policy update_own on api.notes
  using (owner = 1 and not archived);
alter policy delete_own on api.notes
  using (owner = 1);
drop policy delete_others on api.notes;
