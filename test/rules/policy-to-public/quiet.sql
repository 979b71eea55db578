create role public_reader;
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to public_reader, web_user
  using (owner = current_user);
create policy not_locked on api.notes
  as restrictive
  for select
  to public
  using (id > 0);
