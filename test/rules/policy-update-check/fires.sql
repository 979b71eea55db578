-- finds: policy update_own on api.notes
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy update_own on api.notes
  for update
  to web_user
  using (owner = current_user);
