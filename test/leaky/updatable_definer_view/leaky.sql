create view api.own_notes as
  select
    n.team_id,
    n.owner,
    n.body
  from api.notes as n
  where n.owner = private.me();
grant select, insert on api.own_notes to app_user;
