select
  s.object,
  s.subject,
  'has no comment, which is the description of the API' as message,
  format('comment on %s is ''...'';', s.object) as fix
from schemas as s
where s.exposed
  and obj_description(s.oid, 'pg_namespace') is null
union all
select
  r.object,
  r.subject,
  format(
    'has no comment%s',
    case
      when u.names is null then ''
      when obj_description(r.oid, 'pg_class') is null then format(', and neither have its columns %s', u.names)
      else format(' on %s', u.names)
    end
  ),
  format(
    'comment on %s is ''...'';',
    case
      when obj_description(r.oid, 'pg_class') is null then r.object
      else format('column %s.%s', r.ident, u.first)
    end
  )
from relations as r
join reach as a on a.relation = r.oid
left join (
  select
    c.relation,
    string_agg(c.ident, ', ' order by c.number) as names,
    (array_agg(c.ident order by c.number)) [1] as first
  from columns as c
  where col_description(c.relation, c.number) is null
  group by c.relation
) as u on u.relation = r.oid
where not r.partition
  and (u.names is not null or obj_description(r.oid, 'pg_class') is null)
union all
select
  f.object,
  f.subject,
  'has no comment',
  format('comment on %s is ''...'';', f.object)
from functions as f
where f.exposed
  and not f.is_trigger
  and obj_description(f.oid, 'pg_proc') is null
  and exists (
    select
    from api_roles as a
    where has_schema_privilege(a.oid, f.schema_oid, 'usage')
      and has_function_privilege(a.oid, f.oid, 'execute')
  )
