create role editors;
create table api.notes (id bigint, owner text, public boolean);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
create policy select_public on api.notes
  for select
  to web_anon
  using (public);
create policy not_locked on api.notes
  as restrictive
  for select
  to web_user
  using (id > 0);
create policy select_edited on api.notes
  for select
  to editors
  using (true);
