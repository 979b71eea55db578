with functions_of_policies as (
  select
    f.oid,
    string_agg(distinct p.object, ', ') as users
  from policies as p
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_policy'::regclass
    and d.objid = p.oid
    and d.refclassid = 'pg_catalog.pg_proc'::regclass
  join functions as f on f.oid = d.refobjid
  group by f.oid
  union all
  select
    f.oid,
    'the pre-request function'
  from functions as f
  join settings as s on s.pre_request = f.schema || '.' || f.name
)
select
  p.object,
  p.subject,
  'decides by user_metadata, which users change themselves' as message,
  null as fix
from policies as p
where concat(p.using_text, ' ', p.check_text) ~* 'user_meta_?data'
union all
select
  f.object,
  f.subject,
  format('reads user_metadata, which users change themselves, for %s', string_agg(u.users, ', ')),
  null
from functions_of_policies as u
join functions as f on f.oid = u.oid
where concat(f.body, ' ', pg_get_function_sqlbody(f.oid)) ~* 'user_meta_?data'
group by f.object, f.subject
