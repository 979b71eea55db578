select
  s.object,
  s.subject,
  format('is one in which %s may create functions and tables', string_agg(a.ident, ', ' order by a.ident)) as message,
  format(
    'revoke create on %s from %s;',
    s.object,
    case
      when bool_or(p.granted) then 'public'
      else string_agg(a.ident, ', ' order by a.ident)
    end
  ) as fix
from schemas as s
join api_roles as a on has_schema_privilege(a.oid, s.oid, 'create')
cross join lateral (
  select
    exists (
      select
      from pg_catalog.pg_namespace as n
      cross join aclexplode(n.nspacl) as acl
      where n.oid = s.oid
        and acl.grantee = 0
        and acl.privilege_type = 'CREATE'
    ) as granted
) as p
group by s.object, s.subject
