select
  p.object,
  p.subject,
  'is for every command: what people may read, they may change and delete' as message,
  null as fix
from policies as p
where p.command = '*'
  and p.permissive
