-- finds: policy delete_own on api.notes
-- finds: policy select_own on api.notes
create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create table api.notes (id bigint, owner bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using ((select private.user_id()) is null or owner = (select private.user_id()));
create policy delete_own on api.notes
  for delete
  to web_user
  using (owner = 1 or current_setting('request.jwt.claims', true) is null);
