select
  p.object,
  p.subject,
  'is for every role, the anonymous one and those to come included' as message,
  null as fix
from policies as p
where 0 = any (p.roles)
  and p.permissive
