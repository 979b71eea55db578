create table api.pairs (a bigint, b bigint, primary key (a, b));
create table api.projects (id bigint primary key);
create table api.notes (
  id bigint primary key,
  project bigint references api.projects,
  a bigint,
  b bigint,
  foreign key (a, b) references api.pairs
) partition by range (id);
create table api.notes_1 partition of api.notes for values from (1) to (100);
create index on api.notes (b, a, id);
create index on api.notes (project) where project is not null;
