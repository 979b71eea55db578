-- finds: policy delete_all on api.notes
-- finds: policy insert_any on api.notes
-- finds: policy update_own on api.notes
create table api.notes (id bigint primary key, owner text);
alter table api.notes enable row level security;
create policy delete_all on api.notes
  for delete
  to web_user
  using (true);
create policy insert_any on api.notes
  for insert
  to web_user
  with check (true);
create policy update_own on api.notes
  for update
  to web_user
  using (owner = current_user)
  with check ((owner = current_user and id > 1) or id is not null);
