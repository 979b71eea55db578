-- finds: table api.notes
create table api.notes (id bigint, owner text, public boolean);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user);
create policy public on api.notes
  to public
  using (public);
