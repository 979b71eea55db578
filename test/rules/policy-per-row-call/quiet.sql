create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create function private.ids(text) returns bigint[] language sql stable as 'select array[1::bigint]';
create function private.may_see(bigint) returns boolean language sql stable as 'select true';
create table api.notes (id bigint, owner bigint, "odd (name" text);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (
    owner = (select private.user_id())
    or "odd (name" = 'private.user_id()'
    or id = any ((select private.ids('x'))::bigint[])
    or exists (
      select
      from api.notes as n
      where n.owner = private.user_id()
    )
  );
create policy delete_seen on api.notes
  for delete
  to web_user
  using (private.may_see(id) and lower('x') = 'x');
