select
  p.object,
  p.subject,
  'reads a claim from request.jwt.claim...., which PostgREST 12 and newer do not set' as message,
  null as fix
from policies as p
where concat(p.using_text, ' ', p.check_text) ~ 'request\.jwt\.claim\.'
union all
select
  f.object,
  f.subject,
  'reads a claim from request.jwt.claim...., which PostgREST 12 and newer do not set, and not from request.jwt.claims',
  null
from functions as f
cross join lateral (
  select concat(f.body, ' ', pg_get_function_sqlbody(f.oid)) as text
) as b
where b.text ~ 'request\.jwt\.claim\.'
  and b.text !~ 'request\.jwt\.claims'
