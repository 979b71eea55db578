-- finds: policy select_own on api.notes
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  using (owner = current_user);
