select
  r.object,
  r.subject,
  format(
    'has no row level security, and %s%s',
    a.words,
    case when r.partition then ' (the policies of the table that it is a part of do not hold for who names it)' else '' end
  ) as message,
  format('alter table %s enable row level security;', r.ident) as fix
from relations as r
join reach as a on a.relation = r.oid
where r.kind in ('r', 'p')
  and not r.rls
