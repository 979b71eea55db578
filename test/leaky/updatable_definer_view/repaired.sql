create view api.inbox
with (security_invoker = true)
as
  select
    n.team_id,
    n.owner,
    n.body
  from api.notes as n;
grant insert on api.inbox to app_user;

grant insert (team_id, owner, body) on api.notes to app_user;
create policy insert_member on api.notes
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]) and owner = (select private.me()));
