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
  concat_ws(
    ', ',
    pg_catalog.pg_get_statisticsobjdef(e.oid),
    'owner ' || pg_catalog.pg_get_userbyid(e.stxowner),
    'target ' || nullif(e.stxstattarget, -1),
    'comment ' || pg_catalog.obj_description(e.oid, 'pg_statistic_ext')
  )
from pg_catalog.pg_statistic_ext as e
union all
select
  format('statistics target and storage of column %s.%s', a.attrelid::regclass, quote_ident(a.attname)),
  concat_ws(
    ', ',
    coalesce(a.attstattarget, -1),
    a.attstorage,
    'compression ' || nullif(a.attcompression::text, ''),
    a.attoptions
  )
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'm', 'i', 'I')
  and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
  and n.nspname not like 'pg\_toast%'
  and (
    coalesce(a.attstattarget, -1) <> -1
    or a.attoptions is not null
    or c.relkind not in ('i', 'I') and (a.attstorage <> t.typstorage or a.attcompression::text <> '')
  )
union all
select format('%s of %s', k.what, k.relation), k.value
from (
  select 'options of the TOAST table' as what, c.oid::regclass as relation, t.reloptions::text as value, c.relnamespace
  from pg_catalog.pg_class as c
  join pg_catalog.pg_class as t on t.oid = c.reltoastrelid
  where t.reloptions is not null
  union all
  select 'order of rows', i.indrelid::regclass, i.indexrelid::regclass::text, c.relnamespace
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indrelid
  where i.indisclustered
  union all
  select 'persistence', c.oid::regclass, 'unlogged', c.relnamespace
  from pg_catalog.pg_class as c
  where c.relkind = 'S' and c.relpersistence = 'u'
  union all
  select
    format('default of column %I', a.attname),
    c.oid::regclass,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    c.relnamespace
  from pg_catalog.pg_attrdef as d
  join pg_catalog.pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
  join pg_catalog.pg_class as c on c.oid = d.adrelid
  where c.relkind = 'v'
  union all
  select format('state of a trigger of constraint %I', o.conname), t.tgrelid::regclass, t.tgenabled::text, c.relnamespace
  from pg_catalog.pg_trigger as t
  join pg_catalog.pg_constraint as o on o.oid = t.tgconstraint
  join pg_catalog.pg_class as c on c.oid = t.tgrelid
  where t.tgisinternal and t.tgenabled <> 'O'
) as k
where k.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and k.relnamespace <> coalesce(to_regnamespace('tm_db')::oid, 0)
union all
-- Of roles and of the database itself: neither is in a database.
select
  format('limits and comment of role %I', r.rolname),
  concat_ws(
    ', ',
    nullif(r.rolconnlimit, -1) || ' connections',
    'valid until ' || r.rolvaliduntil,
    pg_catalog.shobj_description(r.oid, 'pg_authid')
  )
from pg_catalog.pg_roles as r
where r.oid >= 16384
  and (r.rolconnlimit <> -1 or r.rolvaliduntil is not null or pg_catalog.shobj_description(r.oid, 'pg_authid') is not null)
union all
select
  format('options of the membership of %s in %s', m.member::regrole, m.roleid::regrole),
  -- Since 16 it has options besides `admin`.
  string_agg(
    format('%s by %s', to_jsonb(m) - array['oid', 'roleid', 'member', 'grantor'], m.grantor::regrole),
    ', ' order by m.grantor::regrole::text
  )
from pg_catalog.pg_auth_members as m
where m.roleid >= 16384 or m.member >= 16384
group by m.member, m.roleid
union all
select format('privileges of %s on the database itself', a.grantee), string_agg(a.privilege, ', ' order by a.privilege)
from (
  select
    case x.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(x.grantee) end as grantee,
    x.privilege_type || case when x.is_grantable then ' with grant option' else '' end as privilege
  from pg_catalog.pg_database as d
  cross join pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as x
  where d.datname = current_database() and x.grantee <> d.datdba
) as a
group by a.grantee
union all
select k.what || ' of the database itself', k.value
from pg_catalog.pg_database as d
cross join lateral (
  values
    ('comment', pg_catalog.shobj_description(d.oid, 'pg_database')),
    ('connection limit', nullif(d.datconnlimit, -1)::text)
) as k (what, value)
where d.datname = current_database() and k.value is not null
union all
select format('privileges on language %I', l.lanname), l.lanacl::text
from pg_catalog.pg_language as l
where l.lanacl is not null
union all
-- Kinds that pg-delta detects and does not describe: what they are called, and the little that can change of them.
select
  format('%s %s', i.type, i.identity),
  concat_ws(
    ', ',
    k.value,
    'owner ' || pg_catalog.pg_get_userbyid(k.owner),
    'comment ' || pg_catalog.obj_description(k.oid, k.classid::text)
  )
from (
  select 'pg_catalog.pg_ts_config'::regclass as classid, c.oid, coalesce(
    (
      select string_agg(format('%s %s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' order by m.maptokentype, m.mapseqno)
      from pg_catalog.pg_ts_config_map as m
      where m.mapcfg = c.oid
    ),
    ''
  ) as value, c.cfgowner as owner
  from pg_catalog.pg_ts_config as c
  union all
  select 'pg_catalog.pg_ts_dict'::regclass, d.oid, coalesce(d.dictinitoption, ''), d.dictowner
  from pg_catalog.pg_ts_dict as d
  union all
  select 'pg_catalog.pg_ts_parser'::regclass, p.oid, '', null
  from pg_catalog.pg_ts_parser as p
  union all
  select 'pg_catalog.pg_ts_template'::regclass, t.oid, '', null
  from pg_catalog.pg_ts_template as t
  union all
  select 'pg_catalog.pg_operator'::regclass, o.oid, format('%s %s %s', o.oprcode, o.oprrest, o.oprjoin), o.oprowner
  from pg_catalog.pg_operator as o
  union all
  select 'pg_catalog.pg_opclass'::regclass, o.oid, o.opcdefault::text, o.opcowner
  from pg_catalog.pg_opclass as o
  union all
  select 'pg_catalog.pg_opfamily'::regclass, o.oid, concat_ws(
    ', ',
    (
      select string_agg(
        format('operator %s %s', m.amopstrategy, m.amopopr::regoperator),
        ', ' order by m.amoplefttype, m.amoprighttype, m.amopstrategy
      )
      from pg_catalog.pg_amop as m
      where m.amopfamily = o.oid
    ),
    (
      select string_agg(
        format('function %s %s', m.amprocnum, m.amproc::regprocedure),
        ', ' order by m.amproclefttype, m.amprocrighttype, m.amprocnum
      )
      from pg_catalog.pg_amproc as m
      where m.amprocfamily = o.oid
    )
  ), o.opfowner
  from pg_catalog.pg_opfamily as o
  union all
  select 'pg_catalog.pg_cast'::regclass, c.oid, format('%s %s', c.castfunc::regprocedure, c.castcontext), null
  from pg_catalog.pg_cast as c
  union all
  select 'pg_catalog.pg_conversion'::regclass, c.oid, c.conproc::text, c.conowner
  from pg_catalog.pg_conversion as c
  union all
  select 'pg_catalog.pg_transform'::regclass, t.oid, format('%s %s', t.trffromsql, t.trftosql), null
  from pg_catalog.pg_transform as t
  union all
  select 'pg_catalog.pg_language'::regclass, l.oid, l.lanpltrusted::text, l.lanowner
  from pg_catalog.pg_language as l
  union all
  select 'pg_catalog.pg_am'::regclass, a.oid, a.amhandler::text, null
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
