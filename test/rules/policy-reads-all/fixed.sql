alter policy select_all on api.notes
  using (owner = current_user);
drop policy select_one_is_one on api.notes;
drop policy select_own_or_all on api.notes;
drop policy select_subquery on api.notes;
drop policy select_subquery_of_one on api.notes;
drop policy select_true_twice on api.notes;
drop policy select_not_false on api.notes;
drop policy select_own_or_one_is_one on api.notes;
drop policy select_known_or_all on api.notes;
drop policy select_narrow_or_all on api.notes;
drop policy select_itself on api.notes;
drop policy select_itself_as_text on api.notes;
drop policy select_same_text on api.notes;
drop policy select_with_id on api.notes;
drop policy select_with_number on api.notes;
drop policy select_not_without_id on api.notes;
