create index on api.notes (owner);
create index on api.notes ("Project Id");
create index on api.notes (kind);
