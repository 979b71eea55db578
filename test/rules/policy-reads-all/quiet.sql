create table private.users (id bigint primary key);
create function private.is_open(wide boolean) returns boolean language sql stable as 'select not wide';
create table api.notes (id bigint primary key, owner text, is_true boolean, owner_of_all text, id_of_all bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = current_user or is_true or owner = 'OR true');
create policy select_true on api.notes
  for select
  to web_user
  using (is_true);
create policy select_is_true on api.notes
  for select
  to web_user
  using (is_true = true or is_true = (select false));
create policy select_nobody on api.notes
  for select
  to web_user
  using (false);
create policy select_not_true on api.notes
  for select
  to web_user
  using (not true or not (select true) or (false and true));
create policy select_narrowed on api.notes
  for select
  to web_user
  using ((true or owner = 'x') and owner = 'y');
create policy select_not_all on api.notes
  for select
  to web_user
  using (not (owner = 'x' or true));
create policy select_other_text on api.notes
  for select
  to web_user
  using ('a' = 'b' or owner = 'owner = owner');
create policy select_other_number on api.notes
  for select
  to web_user
  using (1 = 10 or 10 = 1 or id = 1);
create policy select_other_column on api.notes
  for select
  to web_user
  using (owner = owner_of_all or id_of_all = id);
create policy select_other_subquery on api.notes
  for select
  to web_user
  using ((select max(u.id) from private.users as u) = (select min(u.id) from private.users as u));
create policy select_other_setting on api.notes
  for select
  to web_user
  using (current_setting('a', true) = current_setting('b', true));
create policy select_of_function on api.notes
  for select
  to web_user
  using (private.is_open(true) or private.is_open(1 = 1));
create policy select_some on api.notes
  for select
  to web_user
  using (exists (select true from private.users as u where u.id = notes.id));
create policy select_owned on api.notes
  for select
  to web_user
  using (owner is not null);
create policy select_of_null_user on api.notes
  for select
  to web_user
  using ((select u.id from private.users as u where u.id = notes.id) is not null);
create policy select_known on api.notes
  for select
  to web_user
  using (current_setting('x', true) is not null);
create policy open_door on api.notes
  as restrictive
  for select
  to web_user
  using (true);
