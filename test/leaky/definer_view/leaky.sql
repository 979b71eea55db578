create view api.note_list as
  select
    n.id,
    n.owner,
    n.body
  from api.notes as n;
grant select on api.note_list to app_user;
