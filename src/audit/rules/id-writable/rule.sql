select
  c.object,
  c.subject,
  format('gets its values from a sequence, and %s may write it', string_agg(a.ident, ', ' order by a.ident)) as message,
  case
    when c.identity = 'd' then format('alter table %s alter column %s set generated always;', r.ident, c.ident)
  end as fix
from columns as c
join relations as r on r.oid = c.relation
left join pg_catalog.pg_attrdef as d on d.adrelid = c.relation
  and d.adnum = c.number
join api_roles as a on has_schema_privilege(a.oid, r.schema_oid, 'usage')
where r.exposed
  and r.kind in ('r', 'p')
  and not r.partition
  and (c.identity = 'd' or (c.identity = '' and pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\('))
  and (
    has_column_privilege(a.oid, r.oid, c.number, 'insert')
    or has_column_privilege(a.oid, r.oid, c.number, 'update')
  )
group by c.object, c.subject, c.identity, c.ident, r.ident
