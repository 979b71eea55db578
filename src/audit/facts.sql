-- What the rules know of a database: each rule is a query over these. Parameters: exposed schemas, the role that PostgREST
-- logs in as, the anonymous role, the pre-request function. A fact that no asked rule uses is not computed.
with recursive settings as (
  select
    $1::text[] as exposed_schemas,
    $2::text as authenticator,
    $3::text as anonymous,
    $4::text as pre_request
),
schemas as (
  select
    n.oid,
    n.nspname as name,
    n.nspname = any (s.exposed_schemas) as exposed,
    format('schema %I', n.nspname) as object,
    jsonb_build_object('kind', 'schema', 'name', n.nspname) as subject
  from pg_catalog.pg_namespace as n
  cross join settings as s
  where n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'tm_db')
),
authenticators as (
  select
    r.oid,
    r.rolname as name
  from pg_catalog.pg_roles as r
  join settings as s on s.authenticator = r.rolname
),
-- Before PostgreSQL 16 a membership has no options of its own: whoever is a member may become the role.
memberships as (
  select
    m.member,
    m.roleid as role,
    coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) as may_set,
    coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) as inherits
  from pg_catalog.pg_auth_members as m
  join pg_catalog.pg_roles as r on r.oid = m.member
),
-- Whom a token's `role` claim can name.
reachable_roles as (
  select m.role
  from memberships as m
  join authenticators as a on a.oid = m.member
  where m.may_set
  union
  select m.role
  from reachable_roles as r
  join memberships as m on m.member = r.role
  where m.may_set
),
every_api_role as (
  select
    r.oid,
    r.rolname as name,
    quote_ident(r.rolname) as ident,
    r.rolname = s.anonymous as anonymous,
    r.rolsuper or r.rolbypassrls as above_policies,
    format('role %I', r.rolname) as object,
    jsonb_build_object('kind', 'role', 'name', r.rolname) as subject
  from pg_catalog.pg_roles as r
  cross join settings as s
  where (r.oid in (select role from reachable_roles) or r.rolname = s.anonymous)
    and r.rolname !~ '^pg_'
),
-- Those that policies are for. The others are told of by role-privileged, once and not at each table.
api_roles as (
  select *
  from every_api_role
  where not above_policies
),
relations as (
  select
    c.oid,
    c.relnamespace as schema_oid,
    n.name as schema,
    c.relname as name,
    c.relkind as kind,
    c.relowner as owner,
    c.relrowsecurity as rls,
    c.relforcerowsecurity as forced,
    c.relispartition as partition,
    n.exposed,
    coalesce(
      (
        select o.option_value::boolean
        from pg_catalog.pg_options_to_table(c.reloptions) as o
        where o.option_name = 'security_invoker'
      ),
      false
    ) as invoker,
    format('%I.%I', n.name, c.relname) as ident,
    k.word as kind_word,
    format('%s %I.%I', k.word, n.name, c.relname) as object,
    jsonb_build_object('kind', 'relation', 'schema', n.name, 'name', c.relname) as subject
  from pg_catalog.pg_class as c
  join schemas as n on n.oid = c.relnamespace
  join (
    values
      ('r', 'table'),
      ('p', 'table'),
      ('v', 'view'),
      ('m', 'materialized view'),
      ('f', 'foreign table'),
      ('S', 'sequence')
  ) as k (kind, word) on k.kind = c.relkind::text
  -- What an extension made is its own to answer for.
  where not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_class'::regclass
      and d.objid = c.oid
      and d.deptype = 'e'
  )
),
columns as (
  select
    a.attrelid as relation,
    a.attnum as number,
    a.attname as name,
    quote_ident(a.attname) as ident,
    a.atttypid as type,
    a.attidentity as identity,
    a.attnotnull as not_null,
    -- Of its table, which to join would cost more than to repeat.
    r.kind,
    r.exposed,
    r.partition,
    r.schema_oid,
    r.ident as table_ident,
    format('column %s.%I', r.ident, a.attname) as object,
    jsonb_build_object('kind', 'column', 'schema', r.schema, 'relation', r.name, 'name', a.attname) as subject
  from pg_catalog.pg_attribute as a
  join relations as r on r.oid = a.attrelid
  where a.attnum > 0
    and not a.attisdropped
    and r.kind <> 'S'
),
-- What the API roles may do with exposed relations, or with some columns of them.
grants as (
  select
    r.oid as relation,
    a.oid as role,
    a.ident as role_ident,
    p.privilege,
    p.command,
    p.position
  from relations as r
  cross join api_roles as a
  cross join (
    values
      (1, 'select', 'r'),
      (2, 'insert', 'a'),
      (3, 'update', 'w'),
      (4, 'delete', 'd'),
      (5, 'truncate', null)
  ) as p (position, privilege, command)
  where r.exposed
    and r.kind <> 'S'
    and has_schema_privilege(a.oid, r.schema_oid, 'usage')
    and case
      when p.position <= 3 then has_any_column_privilege(a.oid, r.oid, p.privilege)
      else has_table_privilege(a.oid, r.oid, p.privilege)
    end
),
-- The same in words: `web_anon may select; web_user may select, insert`.
reach as (
  select
    g.relation,
    string_agg(format('%s may %s', g.role_ident, g.privileges), '; ' order by g.role_ident) as words
  from (
    select
      relation,
      role_ident,
      string_agg(privilege, ', ' order by position) as privileges
    from grants
    group by relation, role_ident
  ) as g
  group by g.relation
),
policies as (
  select
    p.oid,
    p.polrelid as relation,
    p.polname as name,
    p.polcmd::text as command,
    p.polpermissive as permissive,
    p.polroles as roles,
    pg_get_expr(p.polqual, p.polrelid) as using_text,
    pg_get_expr(p.polwithcheck, p.polrelid) as check_text,
    r.ident as table_ident,
    format('%I on %s', p.polname, r.ident) as ident,
    format('policy %I on %s', p.polname, r.ident) as object,
    jsonb_build_object('kind', 'policy', 'schema', r.schema, 'relation', r.name, 'name', p.polname) as subject
  from pg_catalog.pg_policy as p
  join relations as r on r.oid = p.polrelid
),
-- Which policies hold for which API roles.
policy_roles as (
  select
    p.oid as policy,
    a.oid as role,
    a.ident as role_ident
  from policies as p
  join api_roles as a on exists (
    select
    from unnest(p.roles) as named
    where case
      when named = 0 then true
      else pg_has_role(a.oid, named, 'usage')
    end
  )
),
-- The conditions of policies, without what stands in texts: neither that nor a quoted name shall look like an expression.
conditions as (
  select
    p.oid as policy,
    p.relation,
    e.part,
    case
      when e.blanked not like '%"%' then e.blanked
      else (
        select string_agg(case when s.n % 2 = 0 then translate(s.piece, '(){}', '____') else s.piece end, '"' order by s.n)
        from regexp_split_to_table(e.blanked, '"') with ordinality as s (piece, n)
      )
    end as condition
  from policies as p
  -- A comparison of something with itself is true, which is seen while texts can still be told apart.
  cross join lateral (
    values
      ('using', p.using_text),
      ('with check', p.check_text)
  ) as w (part, written)
  cross join lateral (
    select
      w.part,
      regexp_replace(
        regexp_replace(
          w.written,
          '\(([a-z_]\w*|"[^"]*"|\([a-z_]\w*\)::\w+|[\d.]+|''(?:[^'']|'''')*''::\w+) (?:=|<=|>=) \1\)',
          'true',
          'g'
        ),
        '''(?:[^'']|'''')*''',
        '''''',
        'g'
      ) as blanked
  ) as e
  where e.blanked is not null
),
-- From the innermost parentheses outwards: a subquery goes, and others become {...}.
peeled as (
  select
    c.policy,
    c.relation,
    c.part,
    c.condition,
    0 as round
  from conditions as c
  union all
  select
    p.policy,
    p.relation,
    p.part,
    regexp_replace(
      regexp_replace(p.condition, '\(\s*(?:SELECT|WITH|VALUES)\s[^()]*\)', 'NULL', 'g'),
      '\(([^()]*)\)',
      '{\1}',
      'g'
    ),
    p.round + 1
  from peeled as p
  where p.condition like '%(%'
    and p.round < 50
),
-- What of a policy's condition is computed for each row.
row_conditions as (
  select
    p.policy,
    p.relation,
    p.part,
    p.condition
  from peeled as p
  where p.condition not like '%(%'
),
-- Functions that a policy calls for each row, and whether a column is among what they are given.
policy_calls as (
  select
    c.policy,
    m.groups [1] as function,
    regexp_replace(
      m.groups [2],
      '::(?:"[^"]*"|\w+)(?:\.(?:"[^"]*"|\w+))?(?: varying| precision| with(?:out)? time zone)?|\m(?:true|false)\M|\w+ =>|\w+(?=\{)',
      '',
      'g'
    ) ~ '[a-z_"]' as by_column
  from row_conditions as c
  cross join lateral regexp_matches(
    c.condition,
    '(?<![\w":.])((?:\w+|"[^"]*")\.(?:\w+|"[^"]*")|current_setting)\{((?:[^{}]|\{[^{}]*\})*)\}',
    'g'
  ) as m (groups)
),
-- Columns that always hold something, as a pattern.
filled_columns as (
  select
    relation,
    string_agg(ident, '|') as names
  from columns
  where not_null
    and name ~ '^\w+$'
  group by relation
),
-- What is false and what is true of innermost parentheses, whatever the row: for everybody, and for nobody, to whom what
-- names no column (a call, a piece of a claim, or NULL, which a subquery is by then) gives no answer.
truths as (
  select
    a.asker,
    concat_ws(
      '|',
      '\(NOT true\)',
      '\(\s*SELECT false(?: AS (?:\w+|"[^"]*"))?\)',
      '\(false(?: OR false)+\)',
      '\((?:[^()]* AND )?false AND [^()]*\)',
      '\([^()]* AND false\)',
      '\(' || a.unanswered || ' IS NOT NULL\)'
    ) as false_pattern,
    concat_ws(
      '|',
      '\(NOT false\)',
      '\(\s*SELECT true(?: AS (?:\w+|"[^"]*"))?\)',
      '\(true(?: AND true)+\)',
      '\((?:[^()]* OR )?true OR [^()]*\)',
      '\([^()]* OR true\)',
      '\(' || a.unanswered || ' IS NULL\)'
    ) as true_pattern
  from (
    values
      ('everybody', null),
      ('nobody', '(?:NULL|''''|::[\w".\[\]]+|[\w".]*\{|\}|true|false|\d|[-#>, ])+')
  ) as a (asker, unanswered)
),
-- What conditions come to, from the innermost parentheses outwards: an `or` with one branch that is true is `true`, and so
-- is an `and` of nothing else. Those that say neither true nor false nor null come to nothing. The names of tables and
-- columns are replaced first: each pattern that differs from the last has to be compiled.
settled as (
  select
    c.policy,
    c.part,
    t.asker,
    t.false_pattern,
    t.true_pattern,
    case
      when c.condition like '% NULL)%' and f.names is not null then regexp_replace(
        regexp_replace(e.condition, format('\((?:%s) IS NOT NULL\)', f.names), 'true', 'g'),
        format('\((?:%s) IS NULL\)', f.names),
        'false',
        'g'
      )
      else e.condition
    end as condition,
    0 as round
  from conditions as c
  join relations as r on r.oid = c.relation
  join truths as t on c.condition like '%NULL%'
    or (t.asker = 'everybody' and c.condition ~ 'true|false')
  left join filled_columns as f on f.relation = c.relation
  -- A subquery that names its policy's table asks about the row.
  cross join lateral (
    select replace(c.condition, translate(quote_ident(r.name), '(){}', '____') || '.', 'EACH.') as condition
  ) as e
  union all
  select
    s.policy,
    s.part,
    s.asker,
    s.false_pattern,
    s.true_pattern,
    -- One kind of step a round, for after each others are innermost.
    case
      when j.condition <> s.condition then j.condition
      when q.condition <> s.condition then q.condition
      else regexp_replace(s.condition, '\(([^()]*)\)', '{\1}', 'g')
    end,
    s.round + 1
  from settled as s
  cross join lateral (
    select
      regexp_replace(
        regexp_replace(
          regexp_replace(
            s.condition,
            '\(\s*(?:SELECT|WITH|VALUES)\s[^()]*(?<![\w".])EACH\M[^()]*\)',
            'EACH',
            'g'
          ),
          s.false_pattern,
          'false',
          'g'
        ),
        s.true_pattern,
        'true',
        'g'
      ) as condition
  ) as j
  cross join lateral (
    select regexp_replace(s.condition, '\(\s*(?:SELECT|WITH|VALUES)\s[^()]*\)', 'NULL', 'g') as condition
  ) as q
  where s.condition like '%(%'
    and s.round < 150
),
-- Policies that let everything through: `true`, `1 = 1`, `... or true`.
always_true as (
  select
    policy,
    part
  from settled
  where asker = 'everybody'
    and condition = 'true'
),
functions as (
  select
    p.oid,
    p.pronamespace as schema_oid,
    n.name as schema,
    p.proname as name,
    p.prosecdef as definer,
    p.prorettype in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype) as is_trigger,
    p.proconfig as settings,
    n.exposed,
    p.prosrc as body,
    -- Whether everybody may execute it: that is so until somebody takes it away.
    p.proacl is null or exists (
      select
      from aclexplode(p.proacl) as acl
      where acl.grantee = 0
        and acl.privilege_type = 'EXECUTE'
    ) as public_execute,
    k.word as kind_word,
    format('%I.%I(%s)', n.name, p.proname, array_to_string(t.names, ', ')) as ident,
    format('%s %I.%I(%s)', k.word, n.name, p.proname, array_to_string(t.names, ', ')) as object,
    jsonb_build_object('kind', 'function', 'schema', n.name, 'name', p.proname, 'arguments', to_jsonb(t.names)) as subject
  from pg_catalog.pg_proc as p
  join schemas as n on n.oid = p.pronamespace
  join (
    values
      ('f', 'function'),
      ('p', 'procedure')
  ) as k (kind, word) on k.kind = p.prokind::text
  cross join lateral (
    select
      array(
        select format_type(a.type, null)
        from unnest(p.proargtypes::oid[]) with ordinality as a (type, position)
        order by a.position
      ) as names
  ) as t
  -- What an extension made is its own to answer for.
  where not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_proc'::regclass
      and d.objid = p.oid
      and d.deptype = 'e'
  )
),
-- What a view's query names.
view_reads as (
  select distinct
    w.ev_class as view,
    d.refobjid as relation
  from pg_catalog.pg_rewrite as w
  join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::regclass
    and d.objid = w.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.deptype = 'n'
    and d.refobjid <> w.ev_class
  where w.ev_type = '1'
)
