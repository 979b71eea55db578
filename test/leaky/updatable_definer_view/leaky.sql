-- Only for writing: nobody may read it.
create view api.inbox as
  select
    n.team_id,
    n.owner,
    n.body
  from api.notes as n;
grant insert on api.inbox to app_user;
