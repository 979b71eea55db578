create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create table private.locks (note_id bigint, person bigint);
create table api.notes (id bigint, owner bigint, archived boolean);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner is null or owner = (select private.user_id()) or abs(owner) is null);
create policy select_narrowed on api.notes
  for select
  to web_user
  using (((select private.user_id()) is null and not archived) or (owner = (select private.user_id()) and not archived));
create policy select_unlocked on api.notes
  for select
  to web_user
  using ((select l.person from private.locks as l where l.note_id = notes.id) is null or (owner = 1 and not archived));
create policy select_never_locked on api.notes
  for select
  to web_user
  using ((select (select max(l.person) from private.locks as l where l.note_id = notes.id)) is null or archived);
create policy select_text on api.notes
  for select
  to web_user
  using (owner::text = ' OR (private.user_id() IS NULL)' or (owner = 1 and not archived));
create policy select_all on api.notes
  for select
  to web_user
  using (owner is null or true);
create policy delete_own on api.notes
  for delete
  to web_user
  using (owner = 1 and ((select private.user_id()) is null or id > 1));
create policy update_own on api.notes
  for update
  to web_user
  using ((select private.user_id()) is not null or id = 5);
create policy update_nobody on api.notes
  for update
  to web_user
  using (not ((select private.user_id()) is null) or (owner = 1 and not archived));
create policy not_locked on api.notes
  as restrictive
  for select
  to web_user
  using ((select private.user_id()) is null or (owner = 1 and not archived));
