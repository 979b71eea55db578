with recursive named as (
  -- What a policy's subqueries name.
  select
    p.oid as policy,
    d.refobjid as relation
  from policies as p
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_policy'::regclass
    and d.objid = p.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid <> p.relation
  union
  -- On its own table a policy depends anyhow. Outside of subqueries its name is not written.
  select
    p.oid,
    p.relation
  from policies as p
  join conditions as c on c.policy = p.oid
  where c.condition ~ (
      '\m(FROM|JOIN)[\s(]+([^()]*,\s*)?' || regexp_replace(p.table_ident, '([^[:alnum:]_ ])', '\\\1', 'g') || '(?![\w"$])'
    )
  union
  -- A view that reads as its invoker passes on to the tables below it.
  select
    n.policy,
    v.relation
  from named as n
  join relations as r on r.oid = n.relation
    and r.kind = 'v'
    and r.invoker
  join view_reads as v on v.view = r.oid
),
steps as (
  select distinct
    pr.role,
    p.oid as policy,
    p.relation,
    n.relation as next,
    p.command in ('r', '*') as for_select
  from policies as p
  join policy_roles as pr on pr.policy = p.oid
  join named as n on n.policy = p.oid
  join relations as r on r.oid = p.relation
    and r.rls
  join relations as t on t.oid = n.relation
    and t.rls
),
walks as (
  select
    s.role,
    s.policy,
    s.relation as start,
    s.next as place
  from steps as s
  union
  select
    w.role,
    w.policy,
    w.start,
    s.next
  from walks as w
  join steps as s on s.role = w.role
    and s.relation = w.place
    and s.for_select
)
select
  p.object,
  p.subject,
  'leads back to its own table: PostgreSQL refuses such a request with "infinite recursion detected"' as message,
  null as fix
from policies as p
where exists (
  select
  from walks as w
  join policies as again on again.relation = w.place
    and again.command in ('r', '*')
    and (again.using_text like '%( SELECT%' or again.using_text like '%( WITH%')
  join policy_roles as pr on pr.policy = again.oid
    and pr.role = w.role
  where w.policy = p.oid
    and w.place = w.start
)
