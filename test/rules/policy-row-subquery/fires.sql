-- finds: policy delete_admin on api.notes
-- finds: policy select_member on api.notes
create table private.members (project_id bigint, name text);
create table api.notes (id bigint, project_id bigint);
alter table api.notes enable row level security;
create policy select_member on api.notes
  for select
  to web_user
  using (project_id in (select m.project_id from private.members as m where m.name = current_user));
create policy delete_admin on api.notes
  for delete
  to web_user
  using (
    exists (
      select
      from private.members as m
      where m.project_id = notes.project_id
    )
  );
