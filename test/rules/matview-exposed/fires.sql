-- finds: materialized view api.stats
create materialized view api.stats as
  select 1 as notes;
grant select on api.stats to web_user;
