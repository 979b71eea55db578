select
  format('constraint %I on %s', k.conname, r.ident) as object,
  -- Most often nobody named it: then it is where its column is.
  case
    when cardinality(k.conkey) = 1 and k.conname ~ '_fkey\d*$'
      then jsonb_build_object('kind', 'column', 'schema', r.schema, 'relation', r.name, 'name', n.name)
    else jsonb_build_object('kind', 'constraint', 'schema', r.schema, 'relation', r.name, 'name', k.conname)
  end as subject,
  format('has no index on (%s): each delete in %s reads the whole table', n.names, k.confrelid::regclass) as message,
  format('create index on %s (%s);', r.ident, n.names) as fix
from pg_catalog.pg_constraint as k
join relations as r on r.oid = k.conrelid
cross join lateral (
  select
    string_agg(quote_ident(c.attname), ', ' order by u.position) as names,
    min(c.attname) as name
  from unnest(k.conkey) with ordinality as u (number, position)
  join pg_catalog.pg_attribute as c on c.attrelid = k.conrelid
    and c.attnum = u.number
) as n
where k.contype = 'f'
  -- That of a partition comes with its table's.
  and k.conparentid = 0
  -- From PostgreSQL 18 on there are those that nothing checks.
  and coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  and not exists (
    select
    from pg_catalog.pg_index as i
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_am as m on m.oid = c.relam
    where i.indrelid = k.conrelid
      and i.indisvalid
      and m.amname in ('btree', 'hash')
      and i.indnkeyatts >= cardinality(k.conkey)
      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
      -- A row that refers to something has no null there, so an index that leaves out nulls has it.
      and (
        i.indpred is null
        or pg_get_expr(i.indpred, i.indrelid) ~ '^\(+("[^"]*"|\w+) IS NOT NULL\)( AND \(("[^"]*"|\w+) IS NOT NULL\))*\)*$'
      )
  )
