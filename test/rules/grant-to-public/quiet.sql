create role public_reader;
create table api.notes (id bigint, title text);
create table private.notes (id bigint, title text);
grant select on api.notes to public_reader, web_anon;
grant select on private.notes to public;
