create materialized view private.note_counts as
  select
    n.team_id,
    count(*) as notes
  from api.notes as n
  group by n.team_id;

create view api.note_counts
with (security_barrier = true)
as
  select
    c.team_id,
    c.notes
  from private.note_counts as c
  where c.team_id = any ((select private.my_teams())::integer[]);
grant select on api.note_counts to app_user;
