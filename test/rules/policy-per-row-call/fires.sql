-- finds: policy insert_own on api.notes
-- finds: policy select_own on api.notes
create function private.user_id() returns bigint language sql stable as 'select 1::bigint';
create table api.notes (id bigint, owner bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (id > 0 and (owner is null or owner = private.user_id()));
create policy insert_own on api.notes
  for insert
  to web_user
  with check (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::bigint);
