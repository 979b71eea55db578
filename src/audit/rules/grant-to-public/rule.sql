select
  r.object,
  r.subject,
  format('is for everybody, the anonymous role included: PUBLIC may %s', string_agg(distinct lower(g.privilege), ', ')) as message,
  format('revoke all on %s from public;', r.ident) as fix
from relations as r
join (
  select
    c.oid as relation,
    acl.privilege_type as privilege
  from pg_catalog.pg_class as c
  cross join aclexplode(c.relacl) as acl
  where acl.grantee = 0
  union all
  select
    a.attrelid,
    acl.privilege_type
  from pg_catalog.pg_attribute as a
  cross join aclexplode(a.attacl) as acl
  where a.attacl is not null
    and acl.grantee = 0
) as g on g.relation = r.oid
where r.exposed
group by r.object, r.subject, r.ident
