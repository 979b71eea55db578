-- finds: policy select_all on api.notes
-- finds: policy select_one_is_one on api.notes
-- finds: policy select_own_or_all on api.notes
-- finds: policy select_subquery on api.notes
-- finds: policy select_subquery_of_one on api.notes
-- finds: policy select_true_twice on api.notes
-- finds: policy select_not_false on api.notes
-- finds: policy select_own_or_one_is_one on api.notes
-- finds: policy select_known_or_all on api.notes
-- finds: policy select_narrow_or_all on api.notes
-- finds: policy select_itself on api.notes
-- finds: policy select_itself_as_text on api.notes
-- finds: policy select_same_text on api.notes
-- finds: policy select_with_id on api.notes
-- finds: policy select_not_without_id on api.notes
-- finds: policy select_with_number on api.notes
create table api.notes (id bigint primary key, owner text, code varchar, hidden boolean, "Number" int not null);
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
create policy select_subquery on api.notes
  for select
  to web_user
  using ((select true));
create policy select_subquery_of_one on api.notes
  for select
  to web_user
  using ((select 1 = 1));
create policy select_true_twice on api.notes
  for select
  to web_user
  using (true and true);
create policy select_not_false on api.notes
  for select
  to web_user
  using (not false);
create policy select_own_or_one_is_one on api.notes
  for select
  to web_user
  using (owner = 'x' or 1 = 1);
create policy select_known_or_all on api.notes
  for select
  to web_user
  using (current_setting('x', true) is not null or true);
create policy select_narrow_or_all on api.notes
  for select
  to web_user
  using ((owner = 'x' and not hidden) or (true and (select true)));
create policy select_itself on api.notes
  for select
  to web_user
  using (owner = owner);
create policy select_itself_as_text on api.notes
  for select
  to web_user
  using (code = code);
create policy select_same_text on api.notes
  for select
  to web_user
  using ('it''s' = 'it''s');
create policy select_with_id on api.notes
  for select
  to web_user
  using (id is not null);
create policy select_with_number on api.notes
  for select
  to web_user
  using (hidden or "Number" is not null);
create policy select_not_without_id on api.notes
  for select
  to web_user
  using (not (id is null));
