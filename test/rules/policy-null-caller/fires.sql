-- finds: policy delete_others on api.notes
-- finds: policy delete_own on api.notes
-- finds: policy insert_own on api.notes
-- finds: policy select_own on api.notes
-- finds: policy select_shared on api.notes
-- finds: policy update_own on api.notes
create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create table private.users (id bigint, login bigint);
create table api.notes (id bigint not null, owner bigint, archived boolean);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using ((select private.user_id()) is null or owner = (select private.user_id()));
create policy select_shared on api.notes
  for select
  to web_user
  using (id is not null and ((owner = (select private.user_id()) and not archived) or (select private.user_id()) is null));
create policy insert_own on api.notes
  for insert
  to web_user
  with check (not ((current_setting('request.jwt.claims', true)::json ->> 'sub') is not null) or owner = 1);
create policy update_own on api.notes
  for update
  to web_user
  using ((select u.id from private.users as u where u.login = private.user_id()) is null or (owner = 1 and not archived));
create policy delete_own on api.notes
  for delete
  to web_user
  using (owner = 1 or current_setting('request.jwt.claims', true) is null);
create policy delete_others on api.notes
  for delete
  to web_user
  using (not (private.user_id() is not null and owner <> 1));
