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
union all
-- Kinds that pg-delta detects and does not describe: what they are called, and the little that can change of them.
select format('%s %s', i.type, i.identity), k.value
from (
  select 'pg_catalog.pg_ts_config'::regclass as classid, c.oid, coalesce(
    (
      select string_agg(format('%s %s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' order by m.maptokentype, m.mapseqno)
      from pg_catalog.pg_ts_config_map as m
      where m.mapcfg = c.oid
    ),
    ''
  ) as value
  from pg_catalog.pg_ts_config as c
  union all
  select 'pg_catalog.pg_ts_dict'::regclass, d.oid, coalesce(d.dictinitoption, '')
  from pg_catalog.pg_ts_dict as d
  union all
  select 'pg_catalog.pg_ts_parser'::regclass, p.oid, ''
  from pg_catalog.pg_ts_parser as p
  union all
  select 'pg_catalog.pg_ts_template'::regclass, t.oid, ''
  from pg_catalog.pg_ts_template as t
  union all
  select 'pg_catalog.pg_operator'::regclass, o.oid, o.oprcode::text
  from pg_catalog.pg_operator as o
  union all
  select 'pg_catalog.pg_opclass'::regclass, o.oid, o.opcdefault::text
  from pg_catalog.pg_opclass as o
  union all
  select 'pg_catalog.pg_opfamily'::regclass, o.oid, ''
  from pg_catalog.pg_opfamily as o
  union all
  select 'pg_catalog.pg_cast'::regclass, c.oid, format('%s %s', c.castfunc::regprocedure, c.castcontext)
  from pg_catalog.pg_cast as c
  union all
  select 'pg_catalog.pg_conversion'::regclass, c.oid, c.conproc::text
  from pg_catalog.pg_conversion as c
  union all
  select 'pg_catalog.pg_transform'::regclass, t.oid, format('%s %s', t.trffromsql, t.trftosql)
  from pg_catalog.pg_transform as t
  union all
  select 'pg_catalog.pg_language'::regclass, l.oid, l.lanpltrusted::text
  from pg_catalog.pg_language as l
  union all
  select 'pg_catalog.pg_am'::regclass, a.oid, a.amhandler::text
  from pg_catalog.pg_am as a
) as k
cross join lateral pg_catalog.pg_identify_object(k.classid, k.oid, 0) as i
where k.oid >= 16384
  and not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = k.classid
      and d.objid = k.oid
      and d.deptype = 'e'
  )
order by 1, 2
