-- finds: table api.notes
create table api.notes (id bigint);
alter table api.notes enable row level security;
grant all on api.notes to web_user;
