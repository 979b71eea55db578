-- Names beside an equals sign whose other side is no constant. Read once for each policy, before the columns are joined.
with names as materialized (
  select distinct
    c.policy,
    c.relation,
    c.condition like '% OR %' as any_of,
    coalesce(m.names [1], m.names [2]) as name
  from row_conditions as c
  cross join lateral regexp_matches(
    c.condition,
    '(?<![\w":.}])\{?("(?:[^"]|"")*"|[a-z_]\w*)(?:\}::\w+)? = (?!''''|\d|true|false)|(?<!''''::\w+|\d|true|false) = \{?("(?:[^"]|"")*"|[a-z_]\w*)(?![\w".{])',
    'g'
  ) as m (names)
  where c.part = 'using'
),
compared as (
  select
    n.policy,
    n.relation,
    n.any_of,
    a.number,
    exists (
      select
      from pg_catalog.pg_index as i
      where i.indrelid = n.relation
        and i.indisvalid
        and i.indkey [0] = a.number
        and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\(("[^"]*"|\w+) IS NOT NULL\)$')
    ) as indexed
  from names as n
  join columns as a on a.relation = n.relation
    -- As `conditions` writes a quoted name.
    and translate(a.ident, '(){}', '____') = n.name
),
judged as (
  select
    c.*,
    bool_or(c.indexed) over (partition by c.policy) as any_indexed
  from compared as c
)
select
  a.object,
  a.subject,
  format('has no index, and is compared by %s for each request', string_agg(distinct p.object, ', ')) as message,
  format('create index on %s (%s);', min(p.table_ident), min(a.ident)) as fix
from judged as c
join policies as p on p.oid = c.policy
join columns as a on a.relation = c.relation
  and a.number = c.number
where not c.indexed
  and (c.any_of or not c.any_indexed)
  and exists (
    select
    from policy_roles as pr
    where pr.policy = c.policy
  )
group by a.object, a.subject
