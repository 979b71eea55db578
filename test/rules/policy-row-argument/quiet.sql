create function private.may_add(bigint) returns boolean language sql stable as 'select true';
create function private.ids(lowest text) returns bigint[] language sql stable as 'select array[1::bigint]';
create table api.notes (id bigint, project_id bigint);
alter table api.notes enable row level security;
create policy select_member on api.notes
  for select
  to web_user
  using (project_id = any ((select private.ids(lowest => 'x'))::bigint[]));
create policy insert_member on api.notes
  for insert
  to web_user
  with check (private.may_add(project_id));
