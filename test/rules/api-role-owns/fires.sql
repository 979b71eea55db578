-- finds: table api.notes
-- finds: table private.shared
create role staff;
alter role web_user inherit;
grant staff to web_user;
create table api.notes (id bigint);
create table private.shared (id bigint);
alter table api.notes owner to web_user;
alter table private.shared owner to staff;
