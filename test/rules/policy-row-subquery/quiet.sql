create table private.members (project_id bigint, name text);
create function private.project_ids() returns bigint[] language sql stable as 'select array[1::bigint]';
create table api.notes (id bigint, project_id bigint);
alter table api.notes enable row level security;
create policy select_member on api.notes
  for select
  to web_user
  using (project_id = any ((select private.project_ids())::bigint[]) and (select exists (select from private.members)));
create policy insert_member on api.notes
  for insert
  to web_user
  with check (project_id in (select m.project_id from private.members as m));
