-- finds: policy select_own on api.notes
create table api.notes (id bigint, owner text);
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
alter table api.notes force row level security;
