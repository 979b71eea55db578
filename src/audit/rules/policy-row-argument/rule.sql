select
  p.object,
  p.subject,
  format('asks %s about each row, which no index can answer', string_agg(distinct c.function || '()', ', ')) as message,
  null as fix
from policies as p
join policy_calls as c on c.policy = p.oid
where c.by_column
  and p.command in ('r', 'w', 'd', '*')
group by p.object, p.subject
