create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
create policy not_locked on api.notes
  as restrictive
  to web_user
  using (id > 0);
