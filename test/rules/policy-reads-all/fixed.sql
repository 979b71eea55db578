alter policy select_all on api.notes
  using (owner = current_user);
drop policy select_one_is_one on api.notes;
drop policy select_own_or_all on api.notes;
