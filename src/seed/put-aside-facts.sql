-- Everything that putting indexes, references and triggers aside could change about tables, one text a line, so that
-- before and after can be compared. $1: the tables. Run with an empty search_path.
select format('index %s on %s: %s', i.indexrelid::regclass, i.indrelid::regclass, pg_catalog.pg_get_indexdef(i.indexrelid))
  || format(
    ' [clustered %s, replica identity %s, valid %s, ready %s, tablespace %s, owner %s, comment %L, statistics %s]',
    i.indisclustered, i.indisreplident, i.indisvalid, i.indisready, c.reltablespace, c.relowner,
    pg_catalog.obj_description(i.indexrelid, 'pg_class'),
    (
      select string_agg(coalesce(a.attstattarget, -1)::text, ',' order by a.attnum)
      from pg_catalog.pg_attribute as a
      where a.attrelid = i.indexrelid
    )
  ) as fact
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
where i.indrelid = any ($1::bigint[]::oid[])
union all
select format('constraint %I on %s: %s', k.conname, k.conrelid::regclass, pg_catalog.pg_get_constraintdef(k.oid))
  || format(
    ' [type %s, validated %s, deferrable %s, deferred %s, index %s, local %s, inherited %s, comment %L]',
    k.contype, k.convalidated, k.condeferrable, k.condeferred, k.conindid::regclass, k.conislocal, k.coninhcount,
    pg_catalog.obj_description(k.oid, 'pg_constraint')
  )
from pg_catalog.pg_constraint as k
where k.conrelid = any ($1::bigint[]::oid[])
union all
select format(
  'trigger %s on %s: %s [enabled %s]',
  case when t.tgisinternal then '(reference)' else quote_ident(t.tgname) end,
  t.tgrelid::regclass,
  case when t.tgisinternal then format('%s of %I', t.tgfoid::regproc, k.conname) else pg_catalog.pg_get_triggerdef(t.oid) end,
  t.tgenabled
)
from pg_catalog.pg_trigger as t
left join pg_catalog.pg_constraint as k on k.oid = t.tgconstraint
where t.tgrelid = any ($1::bigint[]::oid[])
union all
-- The order in which PostgreSQL follows the references to a table: that of the triggers' names.
select format(
  'order of references to %s: %s',
  t.tgrelid::regclass,
  string_agg(format('%I %s', k.conname, t.tgtype), ', ' order by t.tgname collate "C")
)
from pg_catalog.pg_trigger as t
join pg_catalog.pg_constraint as k on k.oid = t.tgconstraint
where t.tgrelid = any ($1::bigint[]::oid[])
  and t.tgisinternal
  and k.confrelid = t.tgrelid
group by t.tgrelid
union all
select format('table %s: replica identity %s, options %s', c.oid::regclass, c.relreplident, c.reloptions)
from pg_catalog.pg_class as c
where c.oid = any ($1::bigint[]::oid[])
order by 1
