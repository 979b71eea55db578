-- The rows of the catalog that a damage changes, as they lie there: what was rolled back leaves them untouched. Without
-- what PostgreSQL counts for itself, pgTAP (of which a run replaces a function), and temporary objects.
with space as (
  select n.oid
  from pg_catalog.pg_namespace as n
  where n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgtap')
),
relation as (
  select c.*
  from pg_catalog.pg_class as c
  where c.relnamespace in (select s.oid from space as s)
)
select coalesce(pg_catalog.md5(pg_catalog.string_agg(e.row, E'\n' order by e.row)), '') as hash
from (
  select (pg_catalog.to_jsonb(c) - array['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid'])::text as row
  from relation as c
  union all
  select pg_catalog.to_jsonb(a)::text
  from pg_catalog.pg_attribute as a
  where a.attrelid in (select c.oid from relation as c)
  union all
  select pg_catalog.to_jsonb(p)::text
  from pg_catalog.pg_proc as p
  where p.pronamespace in (select s.oid from space as s)
  union all
  select pg_catalog.to_jsonb(p)::text
  from pg_catalog.pg_policy as p
  union all
  select pg_catalog.to_jsonb(k)::text
  from pg_catalog.pg_constraint as k
  where k.connamespace in (select s.oid from space as s)
  union all
  select pg_catalog.to_jsonb(t)::text
  from pg_catalog.pg_trigger as t
  where t.tgrelid in (select c.oid from relation as c)
  union all
  select pg_catalog.to_jsonb(r)::text
  from pg_catalog.pg_rewrite as r
  where r.ev_class in (select c.oid from relation as c)
  union all
  select pg_catalog.to_jsonb(n)::text
  from pg_catalog.pg_namespace as n
  where n.oid in (select s.oid from space as s)
  union all
  select pg_catalog.to_jsonb(d)::text
  from pg_catalog.pg_default_acl as d
) as e
