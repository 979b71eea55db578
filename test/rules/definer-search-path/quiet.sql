create function private.tally() returns bigint
  language sql
  security definer
  set search_path = ''
as 'select 1::bigint';
create function private.own() returns bigint
  language sql
  security definer
  set search_path = pg_catalog
as 'select 1::bigint';
create function private.own_and_temporary() returns bigint
  language sql
  security definer
  set search_path = pg_catalog, pg_temp
as 'select 1::bigint';
create function private.temporary() returns bigint
  language sql
  security definer
  set search_path = pg_temp
as 'select 1::bigint';
create function private.several() returns bigint
  language sql
  security definer
  set search_path = api, "my, own", "PG", pg_temp
as 'select 1::bigint';
create function private.invoker() returns bigint language sql as 'select 1::bigint';
create function private.pinned_invoker() returns bigint
  language sql
  set search_path = "$user", api
as 'select 1::bigint';
select set_config('search_path', '', true);
create function private.from_current() returns bigint
  language sql
  security definer
  set search_path from current
as 'select 1::bigint';
