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
    a.oid,
    p.position,
    p.words,
    format('alter role %I %s;', a.name, p.remedy) as fix
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
  union all
  select
    a.oid,
    6,
    format('is a member of %I', r.rolname),
    format('revoke %I from %I;', r.rolname, a.name)
  from asked as a
  join memberships as m on m.member = a.oid
  join pg_catalog.pg_roles as r on r.oid = m.role
  where r.rolname in (
    'pg_read_all_data',
    'pg_write_all_data',
    'pg_read_server_files',
    'pg_write_server_files',
    'pg_execute_server_program'
  )
)
select
  a.object,
  a.subject,
  string_agg(p.words, ', ' order by p.position, p.words) as message,
  string_agg(p.fix, E'\n' order by p.position, p.words) as fix
from powers as p
join asked as a on a.oid = p.oid
group by a.object, a.subject
