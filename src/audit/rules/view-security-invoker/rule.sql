with recursive seen as (
  select
    r.oid as shown,
    r.oid as view
  from relations as r
  where r.kind = 'v'
    and r.oid in (select g.relation from grants as g)
  union
  select
    s.shown,
    v.relation
  from seen as s
  join view_reads as v on v.view = s.view
  join relations as r on r.oid = v.relation
    and r.kind = 'v'
)
select
  v.object,
  v.subject,
  format(
    'reads %s with the rights of its owner, for whom no policy holds%s',
    string_agg(distinct t.ident, ', '),
    case
      when bool_or(s.shown = v.oid) then ''
      else format(', and is shown by %s', string_agg(distinct shown.ident, ', '))
    end
  ) as message,
  format('alter view %s set (security_invoker = true);', v.ident) as fix
from seen as s
join relations as shown on shown.oid = s.shown
join relations as v on v.oid = s.view
join pg_catalog.pg_roles as o on o.oid = v.owner
join view_reads as d on d.view = v.oid
join relations as t on t.oid = d.relation
where not v.invoker
  and t.rls
  and (o.rolsuper or o.rolbypassrls or (pg_has_role(o.oid, t.owner, 'usage') and not t.forced))
group by v.object, v.subject, v.ident
