-- Parts of relations that pg-delta reads of some relations only: it reads columns where they are a table's own, sequences where
-- they are no identity column's, indexes where they are no constraint's. With what each is a part of, and with the statements
-- that make it, whatever was there before, and take it away; null where nobody has written them.
with relations as materialized (
  select
    c.oid,
    c.relkind,
    c.relname,
    c.relowner,
    n.nspname,
    case c.relkind
      when 'v' then 'view'
      when 'm' then 'materialized view'
      when 'f' then 'foreign table'
      when 'c' then 'type'
      else 'table'
    end as kind,
    -- What ALTER calls it.
    case c.relkind when 'f' then 'foreign table' else 'table' end as alterable
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
    and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
    and n.nspname not like 'pg\_toast%'
    and n.nspname not like 'pg\_temp%'
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.deptype = 'e'
        and (
          d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
          or d.classid = 'pg_catalog.pg_type'::regclass and d.objid = c.reltype
        )
    )
),
columns as not materialized (
  select r.*, a.attnum, a.attname, a.attacl, a.attnotnull, a.attgenerated, not a.attislocal as is_inherited
  from relations as r
  join pg_catalog.pg_attribute as a on a.attrelid = r.oid
  where a.attnum > 0
    and not a.attisdropped
    and (r.relkind in ('v', 'm', 'c') or not a.attislocal)
),
-- What inherited columns and the columns that they come from have; a default only where the two are not stored alike.
inherited as materialized (
  select
    o.*,
    i.inhseqno,
    p.attnotnull
    and p.attnum not in (
      select k.conkey[1]
      from pg_catalog.pg_constraint as k
      where k.conrelid = p.attrelid and k.contype = 'n' and k.connoinherit
    ) as parent_not_null,
    case when t.is_other then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as expression,
    case when t.is_other then pg_catalog.pg_get_expr(e.adbin, e.adrelid) end as parent_expression
  from columns as o
  join pg_catalog.pg_inherits as i on i.inhrelid = o.oid
  join pg_catalog.pg_attribute as p on p.attrelid = i.inhparent and p.attname = o.attname and p.attnum > 0
  left join pg_catalog.pg_attrdef as d on d.adrelid = o.oid and d.adnum = o.attnum
  left join pg_catalog.pg_attrdef as e on e.adrelid = i.inhparent and e.adnum = p.attnum
  cross join lateral (
    select o.attgenerated <> '' or d.adbin::text is distinct from e.adbin::text as is_other
  ) as t
  where o.is_inherited
),
sequences as materialized (
  select c.oid, c.relname, c.relacl, c.relowner, d.refobjid, a.attname
  from pg_catalog.pg_class as c
  join pg_catalog.pg_depend as d on d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::regclass
  join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relkind = 'S'
    and d.deptype = 'i'
    and d.refclassid = 'pg_catalog.pg_class'::regclass
),
described as materialized (
  select d.classoid, d.objoid, d.objsubid, d.description
  from pg_catalog.pg_description as d
  where d.objoid >= 16384
    and d.classoid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_constraint'::regclass)
),
-- Since 18 NOT NULL is a constraint with a name. One that PostgreSQL gave it goes by what table and column were called at the
-- time, and says nothing.
not_nulls as materialized (
  select k.conrelid, k.conkey[1] as attnum, k.conname, n.is_named, k.convalidated, k.connoinherit, d.description
  from pg_catalog.pg_constraint as k
  cross join lateral (select k.conname !~ '._.+_not_null[0-9]*$' as is_named) as n
  left join described as d on d.classoid = 'pg_catalog.pg_constraint'::regclass and d.objoid = k.oid
  where k.contype = 'n'
    and k.conrelid <> 0
    and (n.is_named or not k.convalidated or k.connoinherit or d.description is not null)
),
-- What each grantee was granted, by what can be passed on and what cannot.
privileges as (
  select
    g.relation,
    g.attname,
    g.target,
    g.grantee,
    string_agg(g.privilege || case when g.is_grantable then ' with grant option' else '' end, ', ' order by g.privilege) as value,
    string_agg(g.sql, ', ' order by g.privilege) filter (where not g.is_grantable) as plain,
    string_agg(g.sql, ', ' order by g.privilege) filter (where g.is_grantable) as grantable,
    g.every,
    g.object
  from (
    select
      o.oid as relation,
      o.attname,
      format('table %s', o.oid::regclass) as target,
      x.grantee,
      x.privilege_type as privilege,
      bool_or(x.is_grantable) as is_grantable,
      format('%s (%I)', lower(x.privilege_type), o.attname) as sql,
      format('all (%I)', o.attname) as every,
      format('column %I of %s %s', o.attname, o.kind, o.oid::regclass) as object
    from columns as o
    cross join pg_catalog.aclexplode(o.attacl) as x
    where o.attacl is not null
    group by o.oid, o.attname, o.kind, x.grantee, x.privilege_type
    union all
    select
      s.refobjid,
      s.attname,
      format('sequence %s', s.oid::regclass),
      x.grantee,
      x.privilege_type,
      bool_or(x.is_grantable),
      lower(x.privilege_type),
      'all',
      format('sequence %s', s.oid::regclass)
    from sequences as s
    cross join pg_catalog.aclexplode(s.relacl) as x
    where x.grantee <> s.relowner
    group by s.refobjid, s.attname, s.oid, x.grantee, x.privilege_type
  ) as g
  group by g.relation, g.attname, g.target, g.grantee, g.every, g.object
),
parts as (
  select
    p.relation,
    p.attname,
    null::text as whole,
    format('privileges of %s on %s', w.grantee, p.object) as object,
    p.value,
    array_remove(
      array[
        w.revoke,
        'grant ' || p.plain || w.whom || ';',
        'grant ' || p.grantable || w.whom || ' with grant option;'
      ],
      null
    ) as make,
    array[w.revoke] as unmake
  from privileges as p
  cross join lateral (
    select case p.grantee when 0 then 'PUBLIC' else quote_ident(pg_catalog.pg_get_userbyid(p.grantee)) end as grantee
  ) as r
  cross join lateral (
    select
      r.grantee,
      format(' on %s to %s', p.target, r.grantee) as whom,
      format('revoke %s on %s from %s;', p.every, p.target, r.grantee) as revoke
  ) as w
  union all
  -- What was taken from the owner of an identity column's sequence.
  select
    s.refobjid,
    s.attname,
    null,
    format('revoked privileges of the owner of sequence %s', s.oid::regclass),
    string_agg(x.privilege_type, ', ' order by x.privilege_type),
    array[
      format(
        'revoke %s on sequence %s from %I;',
        string_agg(lower(x.privilege_type), ', ' order by x.privilege_type),
        s.oid::regclass,
        pg_catalog.pg_get_userbyid(s.relowner)
      )
    ],
    array[format('grant all on sequence %s to %I;', s.oid::regclass, pg_catalog.pg_get_userbyid(s.relowner))]
  from sequences as s
  cross join pg_catalog.aclexplode(pg_catalog.acldefault('s', s.relowner)) as x
  where s.relacl is not null
    and not exists (
      select
      from pg_catalog.aclexplode(s.relacl) as y
      where y.grantee = s.relowner and y.privilege_type = x.privilege_type
    )
  group by s.refobjid, s.attname, s.oid, s.relowner
  union all
  select
    c.relation,
    c.attname,
    c.whole,
    'comment on ' || c.object,
    c.description,
    array[c.sql || quote_literal(c.description) || ';'],
    array[c.sql || 'null;']
  from (
    select
      o.oid as relation,
      o.attname,
      case o.relkind when 'c' then format('attribute %I of type %s', o.attname, o.oid::regclass) end as whole,
      case o.relkind
        when 'c' then format('attribute %I of type %s', o.attname, o.oid::regclass)
        else format('column %s.%I', o.oid::regclass, o.attname)
      end as object,
      format('comment on column %s.%I is ', o.oid::regclass, o.attname) as sql,
      d.description
    from described as d
    join columns as o on o.oid = d.objoid and o.attnum = d.objsubid
    where d.classoid = 'pg_catalog.pg_class'::regclass
    union all
    select
      s.refobjid,
      s.attname,
      null,
      format('sequence %s', s.oid::regclass),
      format('comment on sequence %s is ', s.oid::regclass),
      d.description
    from described as d
    join sequences as s on s.oid = d.objoid
    where d.classoid = 'pg_catalog.pg_class'::regclass
    union all
    select
      x.indrelid,
      null,
      'constraint ' || quote_ident(k.conname) || ' on ' || x.indrelid::regclass::text,
      format('index %s', x.indexrelid::regclass),
      format('comment on index %s is ', x.indexrelid::regclass),
      d.description
    from described as d
    join pg_catalog.pg_index as x on x.indexrelid = d.objoid
    left join pg_catalog.pg_constraint as k on k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x')
    where d.classoid = 'pg_catalog.pg_class'::regclass
      and (k.oid is not null or exists (select from pg_catalog.pg_inherits as i where i.inhrelid = x.indexrelid))
    union all
    select
      k.conrelid,
      null,
      null,
      format('constraint %I on %s', k.conname, k.conrelid::regclass),
      format('comment on constraint %I on %s is ', k.conname, k.conrelid::regclass),
      d.description
    from described as d
    join pg_catalog.pg_constraint as k on k.oid = d.objoid
    where d.classoid = 'pg_catalog.pg_constraint'::regclass
      and k.conrelid <> 0
      and k.contype in ('p', 'u', 'f', 'c', 'x')
      and not k.conislocal
  ) as c
  union all
  select
    o.oid,
    o.attname,
    null,
    format('%s of column %s', case when o.expression is null then 'dropped default' else 'default' end, o.name),
    coalesce(o.expression, ''),
    -- The expression of a generated column is no default.
    case when o.attgenerated = '' then array[o.alter || coalesce('set default ' || o.expression, 'drop default') || ';'] end,
    case when o.attgenerated = '' then array[o.alter || coalesce('set default ' || o.parent_expression, 'drop default') || ';'] end
  from (
    select distinct on (i.oid, i.attnum)
      i.*,
      format('%s.%I', i.oid::regclass, i.attname) as name,
      format('alter %s %s alter column %I ', i.alterable, i.oid::regclass, i.attname) as alter
    from inherited as i
    where i.expression is distinct from i.parent_expression
    order by i.oid, i.attnum, i.inhseqno
  ) as o
  union all
  select
    o.oid,
    o.attname,
    null,
    format('%s of column %s.%I', case when o.attnotnull then 'not null' else 'dropped not null' end, o.oid::regclass, o.attname),
    '',
    array[o.alter || case when o.attnotnull then 'set' else 'drop' end || ' not null;'],
    array[o.alter || case when o.attnotnull then 'drop' else 'set' end || ' not null;']
  from (
    select
      i.oid,
      i.attname,
      i.attnotnull,
      format('alter %s %s alter column %I ', i.alterable, i.oid::regclass, i.attname) as alter
    from inherited as i
    group by i.oid, i.attname, i.alterable, i.attnotnull
    having i.attnotnull <> bool_or(i.parent_not_null)
  ) as o
  union all
  -- A partition's copy of a trigger, where it is not as that of the partitioned table.
  select
    t.tgrelid,
    null,
    null,
    format('state of trigger %I on %s', t.tgname, t.tgrelid::regclass),
    s.state,
    array[format('alter table %s %s trigger %I;', t.tgrelid::regclass, s.state, t.tgname)],
    array[format('alter table %s %s trigger %I;', t.tgrelid::regclass, s.parent_state, t.tgname)]
  from pg_catalog.pg_trigger as t
  join pg_catalog.pg_trigger as u on u.oid = t.tgparentid
  cross join lateral (
    select
      '{"O": "enable", "D": "disable", "R": "enable replica", "A": "enable always"}'::jsonb ->> t.tgenabled::text as state,
      '{"O": "enable", "D": "disable", "R": "enable replica", "A": "enable always"}'::jsonb ->> u.tgenabled::text as parent_state
  ) as s
  where t.tgenabled <> u.tgenabled
    and not t.tgisinternal
  union all
  select
    k.conrelid,
    a.attname,
    null,
    format('not null constraint of column %s.%I', k.conrelid::regclass, a.attname),
    k.value,
    null,
    null
  from (
    select
      k.conrelid,
      k.attnum,
      concat_ws(
        ', ',
        case
          when k.is_named
            and not exists (
              select
              from pg_catalog.pg_inherits as i
              join pg_catalog.pg_constraint as p on p.conrelid = i.inhparent
              where i.inhrelid = k.conrelid and p.contype = 'n' and p.conname = k.conname
            )
            then quote_ident(k.conname)
        end,
        case when not k.convalidated then 'not valid' end,
        case when k.connoinherit then 'no inherit' end,
        'comment ' || k.description
      ) as value
    from not_nulls as k
  ) as k
  join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.attnum
  where k.value <> ''
)
select
  p.object,
  p.value,
  array_remove(
    array[
      p.whole,
      case when r.relkind in ('r', 'p', 'f') then 'column ' || r.oid::regclass::text || '.' || quote_ident(p.attname) end,
      format('%s %s', r.kind, r.oid::regclass),
      format('schema %I', r.nspname)
    ],
    null
  ) as wholes,
  p.make,
  p.unmake
from parts as p
join relations as r on r.oid = p.relation
order by 1, 2
