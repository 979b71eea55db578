create function api.log_in(name text) returns void
  language sql
  security definer
  set search_path = ''
as 'select';
revoke execute on function api.log_in(text) from public;
grant execute on function api.log_in(text) to web_anon;
create function private.helper() returns void
  language sql
  security definer
  set search_path = ''
as 'select';
create function api.add_tag(id bigint) returns void language sql as 'select';
create function api.touch() returns trigger
  language plpgsql
  security definer
  set search_path = ''
as 'begin return new; end';
