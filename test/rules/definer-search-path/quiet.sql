create function private.tally() returns bigint
  language sql
  security definer
  set search_path = ''
as 'select 1::bigint';
create function private.invoker() returns bigint language sql as 'select 1::bigint';
