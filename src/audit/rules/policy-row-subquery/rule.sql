select distinct
  p.object,
  p.subject,
  'decides by a subquery about each row, which no index on its own table can answer' as message,
  null as fix
from policies as p
join row_conditions as c on c.policy = p.oid
where c.part = 'using'
  and c.condition ~ '\m(IN|EXISTS|ANY|ALL) NULL'
