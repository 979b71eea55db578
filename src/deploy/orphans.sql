with made as materialized (
  select
    case
      when m.type in ('function', 'procedure') then 'pg_catalog.pg_proc'::regclass
      when m.type = 'trigger' then 'pg_catalog.pg_trigger'::regclass
      when m.type = 'policy' then 'pg_catalog.pg_policy'::regclass
      else 'pg_catalog.pg_class'::regclass
    end::oid as classid,
    case
      when m.type in ('function', 'procedure') then to_regprocedure(m.name)::oid
      when m.type = 'view' then to_regclass(m.name)::oid
      when m.type = 'trigger'
        then (select t.oid from pg_catalog.pg_trigger as t where t.tgrelid = to_regclass(m.relation) and t.tgname = m.name)
      when m.type = 'policy'
        then (select p.oid from pg_catalog.pg_policy as p where p.polrelid = to_regclass(m.relation) and p.polname = m.name)
    end as objid,
    coalesce(m.relation, m.name) as place
  from json_to_recordset($1::json) as m (type text, name text, relation text)
),
relations as materialized (
  select c.oid, c.relnamespace, c.relname, c.relkind
  from pg_catalog.pg_class as c
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not c.relispartition
),
managed as materialized (
  select p.pronamespace as oid
  from made
  join pg_catalog.pg_proc as p on p.oid = made.objid
  where made.classid = 'pg_catalog.pg_proc'::regclass
  union
  select c.relnamespace
  from made
  join pg_catalog.pg_class as c on c.oid = to_regclass(made.place)
  where made.classid <> 'pg_catalog.pg_proc'::regclass
),
-- The text of everything that migrations did: an object whose name stands there is taken for theirs.
migrated as materialized (
  select lower(coalesce(string_agg(f.up_sql, e'\n'), '')) as text
  from tm_db.files as f
  where f.folder = 'migrations'
),
present as (
  select 'pg_catalog.pg_proc'::regclass::oid as classid, p.oid as objid, 0::oid as relation, p.pronamespace as namespace, p.proname::text as name
  from pg_catalog.pg_proc as p
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 0, r.relnamespace, r.relname::text
  from relations as r
  union all
  select 'pg_catalog.pg_policy'::regclass, p.oid, r.oid, r.relnamespace, p.polname::text
  from pg_catalog.pg_policy as p
  join relations as r on r.oid = p.polrelid
  union all
  select 'pg_catalog.pg_trigger'::regclass, t.oid, r.oid, r.relnamespace, t.tgname::text
  from pg_catalog.pg_trigger as t
  join relations as r on r.oid = t.tgrelid
  where not t.tgisinternal
    and t.tgparentid = 0
),
-- Before anything is asked of each: PostgreSQL's own functions are three thousand.
suspects as materialized (
  select p.classid, p.objid, p.relation, p.namespace
  from present as p
  join managed as n on n.oid = p.namespace
  cross join migrated as m
  where not exists (select from made where made.classid = p.classid and made.objid = p.objid)
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = p.classid and d.objid = p.objid and d.deptype = 'e'
    )
    and strpos(m.text, lower(p.name)) = 0
    and strpos(m.text, lower(replace(p.name, '"', '""'))) = 0
    and strpos(m.text, lower(replace(p.name, '''', ''''''))) = 0
)
select
  format('%s %s', i.type, i.identity) as object,
  array[
    format('%s %s', i.type, i.identity),
    format('schema %I', ns.nspname),
    case
      when p.relation <> 0 then (
        select format('%s %s', r.type, r.identity)
        from pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, p.relation, 0) as r
      )
      else ''
    end
  ] as wholes
from suspects as p
join pg_catalog.pg_namespace as ns on ns.oid = p.namespace
cross join lateral pg_catalog.pg_identify_object(p.classid, p.objid, 0) as i
order by 1
