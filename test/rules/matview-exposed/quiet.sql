create materialized view api.stats as
  select 1 as notes;
create materialized view private.stats as
  select 1 as notes;
grant select on private.stats to web_user;
