-- finds: function private.tally(text[], integer)
create function private.tally(names text[], least_of int) returns bigint
  language sql
  security definer
  set work_mem = '8MB'
as 'select 1::bigint';
