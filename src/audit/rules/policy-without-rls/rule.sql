select
  p.object,
  p.subject,
  'has no effect: row level security is not enabled on its table' as message,
  format('alter table %s enable row level security;', p.table_ident) as fix
from policies as p
join relations as r on r.oid = p.relation
where not r.rls
