select
  c.object,
  c.subject,
  format('gets its values from a sequence, and %s may write it', string_agg(a.ident, ', ' order by a.ident)) as message,
  case
    when c.identity = 'd' then format('alter table %s alter column %s set generated always;', c.table_ident, c.ident)
  end as fix
from columns as c
left join pg_catalog.pg_attrdef as d on d.adrelid = c.relation
  and d.adnum = c.number
join api_roles as a on has_schema_privilege(a.oid, c.schema_oid, 'usage')
where c.exposed
  and c.kind in ('r', 'p')
  and not c.partition
  and (c.identity = 'd' or (c.identity = '' and pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\('))
  and (
    has_column_privilege(a.oid, c.relation, c.number, 'insert')
    or has_column_privilege(a.oid, c.relation, c.number, 'update')
  )
group by c.object, c.subject, c.identity, c.ident, c.table_ident
