-- What of a database can be damaged: one row, one JSON value for each kind of thing. $1 is the role as which PostgREST
-- logs in. With an empty search_path, so that every name comes out qualified.
with space as (
  select n.oid, n.nspname as name
  from pg_catalog.pg_namespace as n
  where n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'tm_db', 'tests', 'pgtap')
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_namespace'::regclass
        and d.objid = n.oid
        and d.deptype = 'e'
    )
),
api_role as (
  select r.oid, r.rolname as name
  from pg_catalog.pg_auth_members as m
  join pg_catalog.pg_roles as r on r.oid = m.roleid
  join pg_catalog.pg_roles as login on login.oid = m.member
  where login.rolname = $1
    and not r.rolsuper
    and not r.rolbypassrls
),
relation as (
  select c.*, s.name as schema
  from pg_catalog.pg_class as c
  join space as s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm')
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::regclass
        and d.objid = c.oid
        and d.deptype = 'e'
    )
),
routine as (
  select p.*, s.name as schema, l.lanname as language
  from pg_catalog.pg_proc as p
  join space as s on s.oid = p.pronamespace
  join pg_catalog.pg_language as l on l.oid = p.prolang
  where p.prokind in ('f', 'p')
    and l.lanname in ('sql', 'plpgsql')
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_proc'::regclass
        and d.objid = p.oid
        and d.deptype = 'e'
    )
)
select
  (
    select coalesce(json_agg(json_build_object(
      'name', r.name,
      'schemas', (
        select coalesce(json_agg(s.name order by s.name), '[]')
        from space as s
        where pg_catalog.has_schema_privilege(r.oid, s.oid, 'usage')
      )
    ) order by r.name), '[]')
    from api_role as r
  ) as roles,
  (
    select coalesce(json_agg(json_build_object(
      'oid', c.oid::text,
      'schema', c.schema,
      'name', c.relname,
      'kind', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
      'rowSecurity', c.relrowsecurity,
      'options', coalesce(c.reloptions, '{}'),
      'definition', case c.relkind when 'v' then pg_catalog.pg_get_viewdef(c.oid) end,
      'columns', (
        select json_agg(json_build_object(
          'name', a.attname,
          'notNull', a.attnotnull and a.attidentity = '' and not exists (
            select
            from pg_catalog.pg_constraint as k
            where k.conrelid = c.oid
              and k.contype = 'p'
              and a.attnum = any (k.conkey)
          ),
          'isFilled', a.attidentity = 'a' or a.attgenerated <> ''
        ) order by a.attnum)
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid
          and a.attnum > 0
          and not a.attisdropped
      )
    ) order by c.schema, c.relname), '[]')
    from relation as c
  ) as relations,
  (
    select coalesce(json_agg(json_build_object(
      'table', c.oid::text,
      'schema', c.schema,
      'relation', c.relname,
      'name', p.polname,
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'permissive', p.polpermissive,
      'roles', (
        select json_agg(case role when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(role) end order by place)
        from unnest(p.polroles) with ordinality as u (role, place)
      ),
      'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      'withCheck', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    ) order by c.schema, c.relname, p.polname), '[]')
    from pg_catalog.pg_policy as p
    join relation as c on c.oid = p.polrelid
  ) as policies,
  (
    select coalesce(json_agg(json_build_object(
      'oid', p.oid::text,
      'schema', p.schema,
      'name', p.proname,
      'identity', pg_catalog.format('%I.%I(%s)', p.schema, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
      'arguments', (
        select coalesce(json_agg(pg_catalog.format_type(type, null) order by place), '[]')
        from unnest(p.proargtypes) with ordinality as u (type, place)
      ),
      'isProcedure', p.prokind = 'p',
      'isTrigger', p.prorettype = 'trigger'::regtype,
      'returnsBoolean', p.prorettype = 'boolean'::regtype and not p.proretset,
      'language', p.language,
      'isDefiner', p.prosecdef,
      'settings', coalesce(p.proconfig, '{}'),
      'definition', pg_catalog.pg_get_functiondef(p.oid),
      'sqlBody', pg_catalog.pg_get_function_sqlbody(p.oid),
      'source', p.prosrc
    ) order by p.schema, p.proname, p.oid::regprocedure::text), '[]')
    from routine as p
  ) as routines,
  (
    select coalesce(json_agg(json_build_object(
      'schema', c.schema,
      'relation', c.relname,
      'name', k.conname,
      'kind', case k.contype when 'c' then 'check' when 'f' then 'foreign key' when 'u' then 'unique' when 'p' then 'primary key' when 'x' then 'exclude' end,
      'definition', pg_catalog.pg_get_constraintdef(k.oid),
      'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid)
    ) order by c.schema, c.relname, k.conname), '[]')
    from pg_catalog.pg_constraint as k
    join relation as c on c.oid = k.conrelid
    where k.contype in ('c', 'f', 'u', 'p', 'x')
      and k.conparentid = 0
  ) as constraints,
  (
    select coalesce(json_agg(json_build_object(
      'schema', c.schema,
      'relation', c.relname,
      'name', t.tgname,
      'definition', pg_catalog.pg_get_triggerdef(t.oid)
    ) order by c.schema, c.relname, t.tgname), '[]')
    from pg_catalog.pg_trigger as t
    join relation as c on c.oid = t.tgrelid
    where not t.tgisinternal
      and t.tgparentid = 0
  ) as triggers,
  (
    select coalesce(json_agg(labels), '[]')
    from (
      select json_agg(e.enumlabel order by e.enumsortorder) as labels
      from pg_catalog.pg_enum as e
      join pg_catalog.pg_type as t on t.oid = e.enumtypid
      join space as s on s.oid = t.typnamespace
      group by e.enumtypid
      order by e.enumtypid
    ) as l
  ) as enums,
  (
    select coalesce(json_agg(g order by g.kind, g.schema, g.name, g."column", g.grantee, g.privilege), '[]')
    from (
      select
        'relation' as kind,
        c.schema,
        c.relname::text as name,
        null::text as "column",
        null::text as identity,
        lower(a.privilege_type) as privilege,
        case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end as grantee
      from relation as c
      cross join lateral pg_catalog.aclexplode(c.relacl) as a
      where a.grantee <> c.relowner
      union all
      select
        'relation',
        c.schema,
        c.relname,
        t.attname,
        null,
        lower(a.privilege_type),
        case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end
      from relation as c
      join pg_catalog.pg_attribute as t on t.attrelid = c.oid and t.attacl is not null
      cross join lateral pg_catalog.aclexplode(t.attacl) as a
      where a.grantee <> c.relowner
      union all
      select
        'function',
        p.schema,
        p.proname,
        null,
        pg_catalog.format('%I.%I(%s)', p.schema, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
        lower(a.privilege_type),
        case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end
      from routine as p
      cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
      where a.grantee <> p.proowner
      union all
      select
        'schema',
        s.name,
        s.name,
        null,
        null,
        lower(a.privilege_type),
        case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end
      from space as s
      join pg_catalog.pg_namespace as n on n.oid = s.oid
      cross join lateral pg_catalog.aclexplode(n.nspacl) as a
      where a.grantee <> n.nspowner
        -- Every database has it, and while nothing is in it, it says nothing to anybody.
        and (
          (s.name, a.grantee) <> ('public', 0::oid)
          or exists (select from pg_catalog.pg_type as t where t.typnamespace = s.oid)
          or exists (select from pg_catalog.pg_proc as p where p.pronamespace = s.oid)
        )
    ) as g
    where g.privilege in ('select', 'insert', 'update', 'delete', 'truncate', 'execute', 'usage')
  ) as grants
