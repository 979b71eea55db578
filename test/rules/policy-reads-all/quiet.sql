create table api.notes (id bigint, owner text, is_true boolean);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user or is_true or owner = 'OR true');
create policy select_true on api.notes
  for select
  to web_user
  using (is_true);
create policy nobody on api.notes
  for select
  to web_user
  using (false);
create policy open_door on api.notes
  as restrictive
  for select
  to web_user
  using (true);
