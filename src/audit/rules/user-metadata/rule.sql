with recursive functions_of_policies as (
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
),
bodies as materialized (
  select
    f.oid,
    concat(f.body, ' ', pg_get_function_sqlbody(f.oid)) as body,
    format(
      '(?<![\w".])(?:%s\.)?%s\s*\(',
      regexp_replace(quote_ident(f.schema), '\W', '.', 'g'),
      regexp_replace(quote_ident(f.name), '\W', '.', 'g')
    ) as call_pattern
  from functions as f
),
-- Who reads it, and who calls those, by their names.
readers as (
  select
    b.oid as reader,
    b.oid as caller,
    b.call_pattern
  from bodies as b
  where b.body ~* 'user_meta_?data'
  union
  select
    r.reader,
    b.oid,
    b.call_pattern
  from readers as r
  join bodies as b on b.body ~ r.call_pattern
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
  format('reads user_metadata, which users change themselves, for %s', string_agg(distinct u.users, ', ')),
  null
from readers as r
join functions_of_policies as u on u.oid = r.caller
join functions as f on f.oid = r.reader
group by f.object, f.subject
