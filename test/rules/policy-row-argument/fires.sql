-- finds: policy select_member on api.notes
create function private.may_see(bigint, text) returns boolean language sql stable as 'select true';
create table api.notes (id bigint, project_id bigint);
alter table api.notes enable row level security;
create policy select_member on api.notes
  for select
  to web_user
  using (private.may_see(project_id, 'x'));
