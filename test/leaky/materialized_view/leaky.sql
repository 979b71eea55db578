create materialized view api.note_counts as
  select
    n.team_id,
    count(*) as notes
  from api.notes as n
  group by n.team_id;
grant select on api.note_counts to app_user;
