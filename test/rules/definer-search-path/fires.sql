-- finds: function private.beside(integer)
-- finds: function private.first()
-- finds: function private.last_but_one()
-- finds: function private.tally(text[], integer)
-- finds: function private.unlisted()
-- finds: procedure private."Clear"()
create function private.tally(names text[], least_of int) returns bigint
  language sql
  security definer
  set work_mem = '8MB'
as 'select 1::bigint';
create function private.unlisted() returns bigint
  language sql
  security definer
  set search_path = api
as 'select 1::bigint';
create function private.first() returns bigint
  language sql
  security definer
  set search_path = pg_temp, pg_catalog
as 'select 1::bigint';
create function private.last_but_one() returns bigint
  language sql
  security definer
  set search_path = pg_catalog, pg_temp, "my, own", api
as 'select 1::bigint';
create function private.beside(int) returns bigint
  language sql
  security definer
  set search_path = pg_catalog, api
as 'select 1::bigint';
create procedure private."Clear"()
  language sql
  security definer
  set search_path = "$user", api, pg_temp
as 'select 1::bigint';
