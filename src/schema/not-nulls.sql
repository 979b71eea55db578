select
  format('%I.%I', n.nspname, c.relname) as table,
  a.attname as column,
  k.conname as name,
  k.convalidated as "isValid",
  not k.connoinherit as "isInherited"
from pg_catalog.pg_constraint as k
join pg_catalog.pg_class as c on c.oid = k.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = k.conkey[1]
where k.contype = 'n'
  -- One that is inherited too comes with the parent's.
  and k.coninhcount = 0
  and c.relkind in ('r', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
  and n.nspname not like 'pg\_toast%'
  and n.nspname not like 'pg\_temp%'
  and (k.conname <> concat_ws('_', c.relname, a.attname, 'not_null') or not k.convalidated or k.connoinherit)
  and not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_class'::regclass
      and d.objid = c.oid
      and d.deptype = 'e'
  )
order by 1, 2
