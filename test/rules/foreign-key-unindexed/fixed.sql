create index on api.notes (b, a);
create index on api.notes (project);
