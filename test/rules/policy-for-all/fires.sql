-- finds: policy own on api.notes
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy own on api.notes
  to web_user
  using (owner = current_user);
