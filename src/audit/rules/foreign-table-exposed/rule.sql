select
  r.object,
  r.subject,
  format('holds rows of another server that no policy filters, and %s', a.words) as message,
  null as fix
from relations as r
join reach as a on a.relation = r.oid
where r.kind = 'f'
