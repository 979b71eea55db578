select
  r.object,
  r.subject,
  string_agg(
    format('%s may %s', a.ident, case when p.may_set then 'set it' else 'read how far it is' end),
    '; '
    order by a.ident
  ) as message,
  format('revoke select, update on sequence %s from %s;', r.ident, string_agg(a.ident, ', ' order by a.ident)) as fix
from relations as r
cross join api_roles as a
cross join lateral (
  select
    has_sequence_privilege(a.oid, r.oid, 'update') as may_set,
    has_sequence_privilege(a.oid, r.oid, 'select') as may_read
) as p
where r.kind = 'S'
  and (p.may_set or p.may_read)
  and has_schema_privilege(a.oid, r.schema_oid, 'usage')
group by r.object, r.subject, r.ident
