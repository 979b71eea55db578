select
  format('setting %s of role %s%s', s.name, r.rolname, case when s.setdatabase = 0 then '' else ' in this database' end) as object,
  s.value
from (
  select d.setrole, d.setdatabase, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
  from pg_catalog.pg_db_role_setting as d
  cross join unnest(d.setconfig) as c
  where d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
) as s
join pg_catalog.pg_roles as r on r.oid = s.setrole
union all
select format('setting %s of the database', split_part(c, '=', 1)), substr(c, strpos(c, '=') + 1)
from pg_catalog.pg_db_role_setting as d
cross join unnest(d.setconfig) as c
where d.setrole = 0
  and d.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
union all
select
  format(
    'default privileges of %s%s on %s',
    pg_catalog.pg_get_userbyid(d.defaclrole),
    ' in schema ' || d.defaclnamespace::regnamespace::text,
    case d.defaclobjtype
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'n' then 'schemas'
      else 'large objects'
    end
  ),
  (select string_agg(a::text, ', ' order by a::text) from unnest(d.defaclacl) as a)
from pg_catalog.pg_default_acl as d
where d.defaclnamespace = 0 or d.defaclnamespace <> coalesce(to_regnamespace('tm_db')::oid, 0)
union all
select
  format('statistics %s.%s', e.stxnamespace::regnamespace, quote_ident(e.stxname)),
  pg_catalog.pg_get_statisticsobjdef(e.oid)
from pg_catalog.pg_statistic_ext as e
union all
select
  format('statistics target and storage of column %s.%s', a.attrelid::regclass, quote_ident(a.attname)),
  format('%s, %s', coalesce(a.attstattarget, -1), a.attstorage)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'm')
  and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
  and n.nspname not like 'pg\_toast%'
  and (coalesce(a.attstattarget, -1) <> -1 or a.attstorage <> t.typstorage)
order by 1, 2
