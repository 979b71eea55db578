drop policy select_member on api.members;
drop policy select_peer on api.people;
alter view api.team_list set (security_invoker = false);
create policy select_own on api.members
  for select
  to web_user
  using (name = current_user);
