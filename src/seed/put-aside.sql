-- What a load into empty tables need not pay for row by row, in the order in which it is made again. Whatever could not
-- be made again exactly as it was is not listed, and stays in place. $1: the tables that are filled; $2: further tables
-- that hold no rows. Run with an empty search_path, so that every name is written out.
with references_all as (
  select
    c.*,
    -- PostgreSQL follows the references to a table in the order of these names.
    (
      select min(t.tgname::text collate "C")
      from pg_catalog.pg_trigger as t
      where t.tgconstraint = c.oid
        and t.tgrelid = c.confrelid
    ) as follows,
    (
      c.conrelid = any ($1::bigint[]::oid[])
      or c.conrelid = any ($2::bigint[]::oid[])
    )
    and c.convalidated
    and c.conparentid = 0
    and c.coninhcount = 0
    and referring.relkind = 'r'
    and not referring.relispartition
    and referred.relkind = 'r'
    and not exists (
      select
      from pg_catalog.pg_trigger as t
      where t.tgconstraint = c.oid
        and t.tgenabled <> 'O'
    )
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.refclassid = 'pg_catalog.pg_constraint'::regclass
        and d.refobjid = c.oid
        and d.deptype not in ('i', 'P', 'S')
    )
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_constraint'::regclass
        and d.objid = c.oid
        and d.deptype in ('e', 'x')
    ) as can_go
  from pg_catalog.pg_constraint as c
  join pg_catalog.pg_class as referring on referring.oid = c.conrelid
  join pg_catalog.pg_class as referred on referred.oid = c.confrelid
  where c.contype = 'f'
),
referring_filled as (
  select distinct r.confrelid
  from references_all as r
  where r.conrelid = any ($1::bigint[]::oid[])
),
aside as (
  select
    2 as rank,
    r.follows as place,
    r.oid as number,
    'foreign key' as kind,
    r.conname::text as name,
    format('alter table %s drop constraint %I', r.conrelid::regclass, r.conname) as drop_it,
    format('alter table %s add constraint %I %s', r.conrelid::regclass, r.conname, pg_catalog.pg_get_constraintdef(r.oid)) as make_it,
    case
      when d.description is not null
        then format('comment on constraint %I on %s is %L', r.conname, r.conrelid::regclass, d.description)
    end as comment_it
  from references_all as r
  left join pg_catalog.pg_description as d
    on d.objoid = r.oid and d.classoid = 'pg_catalog.pg_constraint'::regclass and d.objsubid = 0
  where r.can_go
    and r.confrelid in (select f.confrelid from referring_filled as f)
    -- One that is made again comes after all that stayed: so nothing may stay that came after it.
    and not exists (
      select
      from references_all as later
      where later.confrelid = r.confrelid
        and not later.can_go
        and later.follows > r.follows
    )
  union all
  select
    1,
    '',
    i.indexrelid,
    'index',
    c.relname::text,
    format('drop index %s', i.indexrelid::regclass),
    pg_catalog.pg_get_indexdef(i.indexrelid),
    case
      when d.description is not null then format('comment on index %s is %L', i.indexrelid::regclass, d.description)
    end
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_class as t on t.oid = i.indrelid
  left join pg_catalog.pg_description as d
    on d.objoid = i.indexrelid and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0
  where i.indrelid = any ($1::bigint[]::oid[])
    and t.relkind = 'r'
    and not t.relispartition
    and i.indisvalid
    and i.indisready
    and not i.indisclustered
    and not i.indisreplident
    and c.reltablespace = 0
    and not exists (
      select
      from pg_catalog.pg_constraint as k
      where k.conindid = i.indexrelid
    )
    and not exists (
      select
      from pg_catalog.pg_attribute as a
      where a.attrelid = i.indexrelid
        and coalesce(a.attstattarget, -1) <> -1
    )
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.refclassid = 'pg_catalog.pg_class'::regclass
        and d.refobjid = i.indexrelid
    )
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::regclass
        and d.objid = i.indexrelid
        and d.deptype in ('e', 'x')
    )
)
select
  a.kind,
  a.name,
  a.drop_it as "dropIt",
  a.make_it as "makeIt",
  a.comment_it as "commentIt"
from aside as a
order by a.rank, a.place collate "C", a.number
