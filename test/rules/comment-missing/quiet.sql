create table api.notes (id bigint, title text);
create table private.notes (id bigint, title text);
grant select on private.notes to web_user;
create function api.search(query text) returns text language sql as 'select query';
revoke execute on function api.search(text) from public;
create function api.touch() returns trigger language plpgsql as 'begin return new; end';
