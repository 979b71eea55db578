with secrets as (
  select
    c.*
  from columns as c
  join pg_catalog.pg_type as t on t.oid = c.type
  where c.exposed
    -- Texts and bytes, and lists and domains of them: a secret is no number, time or truth.
    and t.typcategory in ('S', 'U', 'A')
    and lower(regexp_replace(c.name, '([[:lower:][:digit:]])([[:upper:]])', '\1_\2', 'g'))
      ~ (
        '(^|_)(passwords?|passwd|passphrase|pass_?(hash|codes?)|pwd|pw|hash(ed)?|secrets?|salt|otp|totp'
        || '|(access|api|auth|bearer|csrf|id|login|refresh|reset|session)?tokens?'
        || '|(access|api|encryption|master|private|secret|signing)_?keys?'
        || '|(backup|recovery|reset|verification)_?codes?|(mfa|otp|totp)_?seeds?)(_|\d|$)'
      )
),
readers as (
  select
    s.relation,
    s.number,
    array_agg(a.oid) as roles,
    string_agg(a.ident, ', ' order by a.ident) as names
  from secrets as s
  join api_roles as a on has_schema_privilege(a.oid, s.schema_oid, 'usage')
    and has_column_privilege(a.oid, s.relation, s.number, 'select')
  group by s.relation, s.number
)
select
  s.object,
  s.subject,
  format('looks like a secret, and %s may read it', w.names) as message,
  case
    when s.kind in ('r', 'p') then format('revoke select on %s from %s;', s.table_ident, w.names) || coalesce(
      E'\n' || format('grant select (%s) on %s to %s;', rest.names, s.table_ident, w.names),
      ''
    )
  end as fix
from readers as w
join secrets as s on s.relation = w.relation
  and s.number = w.number
-- What they may read besides, so that mending gives nobody more than before.
cross join lateral (
  select string_agg(quote_ident(c.attname), ', ' order by c.attnum) as names
  from pg_catalog.pg_attribute as c
  where c.attrelid = s.relation
    and c.attnum > 0
    and not c.attisdropped
    and (c.attrelid, c.attnum) not in (select other.relation, other.number from secrets as other)
    and (select bool_and(has_column_privilege(role, c.attrelid, c.attnum, 'select')) from unnest(w.roles) as role)
) as rest
