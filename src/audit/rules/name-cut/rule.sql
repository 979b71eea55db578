select
  n.object,
  n.subject,
  'has a name as long as PostgreSQL keeps: a longer one was cut, with a notice that few read' as message,
  null as fix
from (
  select
    r.name,
    r.object,
    r.subject
  from relations as r
  union all
  select
    c.name,
    c.object,
    c.subject
  from columns as c
  union all
  select
    f.name,
    f.object,
    f.subject
  from functions as f
  union all
  select
    p.name,
    p.object,
    p.subject
  from policies as p
  union all
  select
    s.name,
    s.object,
    s.subject
  from schemas as s
  union all
  select
    t.tgname,
    format('trigger %I on %s', t.tgname, r.ident),
    jsonb_build_object('kind', 'trigger', 'schema', r.schema, 'relation', r.name, 'name', t.tgname)
  from pg_catalog.pg_trigger as t
  join relations as r on r.oid = t.tgrelid
  where not t.tgisinternal
  union all
  select
    k.conname,
    format('constraint %I on %s', k.conname, r.ident),
    jsonb_build_object('kind', 'constraint', 'schema', r.schema, 'relation', r.name, 'name', k.conname)
  from pg_catalog.pg_constraint as k
  join relations as r on r.oid = k.conrelid
  union all
  select
    i.relname,
    format('index %I.%I', r.schema, i.relname),
    jsonb_build_object('kind', 'index', 'schema', r.schema, 'name', i.relname)
  from pg_catalog.pg_index as x
  join pg_catalog.pg_class as i on i.oid = x.indexrelid
  join relations as r on r.oid = x.indrelid
  -- That of a constraint is told of as the constraint.
  where not exists (
    select
    from pg_catalog.pg_constraint as k
    where k.conindid = i.oid
      and k.conrelid = x.indrelid
  )
) as n
-- A character of several bytes that did not fit whole was left out whole.
where octet_length(n.name) > case when octet_length(n.name) = char_length(n.name) then 62 else 59 end
  -- Names that PostgreSQL makes itself are cut before their ending, on purpose.
  and n.name !~ '_(pkey|key|fkey|check|excl|idx|seq|not_null)\d*$'
