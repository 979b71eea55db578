create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy select_all on api.notes
  for select
  to web_user
  using (true);
create policy insert_own on api.notes
  for insert
  to web_user
  with check (owner = current_user);
create policy not_locked on api.notes
  as restrictive
  for delete
  to web_user
  using (true);
