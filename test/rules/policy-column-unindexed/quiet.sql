create table api.notes (id bigint primary key, owner bigint, kind text, public boolean);
create index on api.notes (owner) where owner is not null;
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (kind = 'note' and owner = (select 1::bigint) and kind = (select 'x'));
create policy select_public on api.notes
  for select
  to web_user
  using (public or kind = 'public' or public = true);
create policy insert_kind on api.notes
  for insert
  to web_user
  with check (kind = (select 'x'));
