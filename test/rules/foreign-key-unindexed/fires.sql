-- finds: constraint "Odd ""fk""" on api.notes
-- finds: constraint notes_a_b_fkey on api.notes
create table api.pairs (a bigint, b bigint, primary key (a, b));
create table api.projects (id bigint primary key);
create table api.notes (
  id bigint primary key,
  project bigint constraint "Odd ""fk""" references api.projects,
  a bigint,
  b bigint,
  foreign key (a, b) references api.pairs
);
create index on api.notes (a, id, b);
create index on api.notes (project) where id > 5;
