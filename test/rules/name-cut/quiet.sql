create table api.notes (
  id bigint,
  a_column_with_a_name_that_is_long_and_shorter_than_the_limit bigint,
  a_column_whose_name_makes_that_of_its_constraint_long bigint unique check (a_column_whose_name_makes_that_of_its_constraint_long > 0)
);
create index on api.notes (id, a_column_with_a_name_that_is_long_and_shorter_than_the_limit);
