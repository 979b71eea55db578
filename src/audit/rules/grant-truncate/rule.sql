select
  r.object,
  r.subject,
  format('may be emptied by %s: no policy holds for TRUNCATE', string_agg(g.role_ident, ', ' order by g.role_ident)) as message,
  format('revoke truncate on %s from %s;', r.ident, string_agg(g.role_ident, ', ' order by g.role_ident)) as fix
from relations as r
join grants as g on g.relation = r.oid
where g.privilege = 'truncate'
  and r.kind in ('r', 'p')
group by r.object, r.subject, r.ident
