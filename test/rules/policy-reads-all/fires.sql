-- finds: policy select_all on api.notes
-- finds: policy select_one_is_one on api.notes
-- finds: policy select_own_or_all on api.notes
create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
create policy select_all on api.notes
  for select
  to web_user
  using (true);
create policy select_one_is_one on api.notes
  for select
  to web_user
  using (1 = 1);
create policy select_own_or_all on api.notes
  for select
  to web_anon
  using (owner = 'x' or true);
