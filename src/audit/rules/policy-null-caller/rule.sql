select distinct
  p.object,
  p.subject,
  'lets everything through where its question who is asking has no answer' as message,
  null as fix
from policies as p
join row_conditions as c on c.policy = p.oid
where p.permissive
  and c.condition !~ '\m(AND|NOT)\M'
  -- One branch of an `or` is a subquery, or a call without a column, that is null.
  and c.condition ~ '(^| OR )\{*(NULL|(\w+|"[^"]*")(\.(\w+|"[^"]*"))?\{(''''|::\w+|true|false|\d|[, ])*\}) IS NULL\}*( OR |$)'
