with compared as (
  select distinct
    c.policy,
    c.relation,
    a.number,
    c.condition like '% OR %' as any_of,
    exists (
      select
      from pg_catalog.pg_index as i
      where i.indrelid = c.relation
        and i.indisvalid
        and i.indkey [0] = a.number
        and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\(("[^"]*"|\w+) IS NOT NULL\)$')
    ) as indexed
  from row_conditions as c
  cross join lateral regexp_matches(
    c.condition,
    '(?<![\w":.⟩])⟨?("(?:[^"]|"")*"|[a-z_]\w*)(?:⟩::\w+)? = (?!''''|\d|true|false)|(?<!''''::\w+|\d|true|false) = ⟨?("(?:[^"]|"")*"|[a-z_]\w*)(?![\w".⟨])',
    'g'
  ) as m (names)
  join columns as a on a.relation = c.relation
    and a.ident = any (m.names)
  where c.part = 'using'
)
select
  a.object,
  a.subject,
  format('has no index, and is compared by %s for each request', string_agg(distinct p.object, ', ')) as message,
  format('create index on %s (%s);', min(p.table_ident), min(a.ident)) as fix
from compared as c
join policies as p on p.oid = c.policy
join columns as a on a.relation = c.relation
  and a.number = c.number
where not c.indexed
  and (
    c.any_of
    or not exists (
      select
      from compared as other
      where other.policy = c.policy
        and other.indexed
    )
  )
  and exists (
    select
    from policy_roles as pr
    where pr.policy = c.policy
  )
group by a.object, a.subject
