with asked as (
  select
    a.oid,
    a.name,
    format('role %I', a.name) as object,
    jsonb_build_object('kind', 'role', 'name', a.name) as subject
  from authenticators as a
  union
  select
    e.oid,
    e.name,
    e.object,
    e.subject
  from every_api_role as e
),
powers as (
  select
    a.*,
    p.position,
    p.words,
    p.remedy
  from asked as a
  join pg_catalog.pg_roles as r on r.oid = a.oid
  cross join lateral (
    values
      (1, r.rolsuper, 'is a superuser', 'nosuperuser'),
      (2, r.rolbypassrls, 'is above all policies (BYPASSRLS)', 'nobypassrls'),
      (3, r.rolcreaterole, 'may create roles', 'nocreaterole'),
      (4, r.rolcreatedb, 'may create databases', 'nocreatedb'),
      (5, r.rolreplication, 'may replicate, and so read everything', 'noreplication')
  ) as p (position, has, words, remedy)
  where p.has
),
strong as (
  select
    a.*,
    quote_ident(r.rolname) as role
  from asked as a
  join pg_catalog.pg_roles as own on own.oid = a.oid
    and not own.rolsuper
  join pg_catalog.pg_roles as r on r.rolname in (
      'pg_read_all_data',
      'pg_write_all_data',
      'pg_read_server_files',
      'pg_write_server_files',
      'pg_execute_server_program'
    )
    and pg_has_role(a.oid, r.oid, 'member')
)
select
  p.object,
  p.subject,
  string_agg(p.words, ', ' order by p.position, p.words) as message,
  case
    when bool_and(p.position < 10) then format('alter role %I %s;', p.name, string_agg(p.remedy, ' ' order by p.position))
    else string_agg(format('revoke %s from %I;', p.remedy, p.name), E'\n' order by p.position) filter (where p.position = 10)
  end as fix
from (
  select *
  from powers
  union all
  select
    s.oid,
    s.name,
    s.object,
    s.subject,
    10,
    format('is a member of %s', s.role),
    s.role
  from strong as s
) as p
group by p.object, p.subject, p.name
