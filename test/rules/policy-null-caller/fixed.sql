alter policy select_own on api.notes
  using (owner = (select private.user_id()));
alter policy delete_own on api.notes
  using (owner = 1);
