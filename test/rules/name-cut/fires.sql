-- finds: column api.notes.a_column_with_a_name_that_is_much_longer_than_anybody_would_lik
-- finds: index api.an_index_with_a_name_that_is_much_longer_than_anybody_would_lik
-- finds: policy "ein_sehr_langer_name_für_eine_regel_die_niemand_so_nennen_wür" on api.notes
create table api.notes (id bigint, a_column_with_a_name_that_is_much_longer_than_anybody_would_like bigint);
create index an_index_with_a_name_that_is_much_longer_than_anybody_would_like on api.notes (id);
create policy "ein_sehr_langer_name_für_eine_regel_die_niemand_so_nennen_würde" on api.notes
  using (true);
