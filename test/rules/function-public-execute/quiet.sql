create function api.search(query text) returns setof text language sql stable as 'select query';
revoke execute on function api.search(text) from public;
grant execute on function api.search(text) to web_anon, web_user;
create function private.search(query text) returns setof text language sql stable as 'select query';
create function api.touch() returns trigger language plpgsql as 'begin return new; end';
