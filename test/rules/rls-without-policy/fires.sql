-- finds: table api.notes
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
grant select, delete on api.notes to web_user;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
