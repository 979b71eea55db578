create table api.notes (id bigint);
alter table api.notes enable row level security;
grant select, insert, update, delete on api.notes to web_user;
create table private.notes (id bigint);
grant all on private.notes to web_user;
