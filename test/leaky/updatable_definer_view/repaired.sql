create view api.own_notes
with (security_invoker = true)
as
  select
    n.team_id,
    n.owner,
    n.body
  from api.notes as n
  where n.owner = private.me();
grant select, insert on api.own_notes to app_user;

grant insert (team_id, owner, body) on api.notes to app_user;
create policy insert_member on api.notes
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]) and owner = (select private.me()));
