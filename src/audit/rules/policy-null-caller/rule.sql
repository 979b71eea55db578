select distinct
  p.object,
  p.subject,
  'lets everything through where its question who is asking has no answer' as message,
  null as fix
from policies as p
join settled as s on s.policy = p.oid
  and s.asker = 'nobody'
  and s.condition = 'true'
where p.permissive
  and (s.policy, s.part) not in (select t.policy, t.part from always_true as t)
