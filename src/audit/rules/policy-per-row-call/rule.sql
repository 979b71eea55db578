select
  p.object,
  p.subject,
  format(
    'calls %s for every row that is looked at; as `(select %s(...))` it runs once',
    string_agg(distinct c.function || '()', ', '),
    min(c.function)
  ) as message,
  null as fix
from policies as p
join policy_calls as c on c.policy = p.oid
where not c.by_column
group by p.object, p.subject
