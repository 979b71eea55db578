create table api.drafts (id bigint);
create table private.notes (id bigint);
grant select on private.notes to web_user;
create table api.notes (id bigint);
alter table api.notes enable row level security;
grant select on api.notes to web_user;
