create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create table api.notes (id bigint, owner bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner is null or owner = (select private.user_id()) or abs(owner) is null);
create policy delete_own on api.notes
  for delete
  to web_user
  using (owner = 1 and ((select private.user_id()) is null or id > 1));
create policy update_own on api.notes
  for update
  to web_user
  using ((select private.user_id()) is not null or id = 5);
