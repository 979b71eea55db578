alter default privileges in schema api grant select on tables to anonymous, app_user;

create table api.invoices as
  select
    t.id as team_id,
    100 * t.id as total
  from api.teams as t;
