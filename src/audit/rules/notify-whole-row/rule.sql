select
  f.object,
  f.subject,
  format(
    'sends whole rows of %s by NOTIFY',
    (
      select string_agg(distinct t.tgrelid::regclass::text, ', ')
      from pg_catalog.pg_trigger as t
      where t.tgfoid = f.oid
        and not t.tgisinternal
    )
  ) as message,
  null as fix
from functions as f
where f.is_trigger
  and exists (
    select
    from pg_catalog.pg_trigger as t
    where t.tgfoid = f.oid
      and not t.tgisinternal
  )
  and regexp_replace(f.body, '--[^\n]*', '', 'g') ~* '\m(pg_)?notify\M'
  and regexp_replace(f.body, '--[^\n]*', '', 'g')
    ~* '\m(row_to_json|to_jsonb?|hstore|json_build_object|jsonb_build_object)\s*\(([^()]*,\s*)?(new|old)\s*[,)]|\m(new|old)(\.\*)?\s*::\s*(text|json)'
