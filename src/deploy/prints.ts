import type { DatabaseClient } from "../db/client.ts";
import type { Made } from "./ledger-state.ts";
import { withRoutines } from "./routine-oid.ts";
import type { ObjectFacts } from "./undo.ts";

/** The state of what files made, and of what they set privileges, comments or flags of. */
export interface Standing {
  /** By `factsKey`. */
  readonly facts: ReadonlyMap<string, ObjectFacts>;
  /** By identity. */
  readonly objects: ReadonlyMap<string, ObjectPrint>;
}

export interface ObjectPrint {
  readonly oid: string;
  /** A hash of all that the catalog says of the object itself, and of the names of the columns that it uses. */
  readonly self: string;
  /** The columns of the relations that it reads: what a star in its definition stands for, or a name in a subquery. */
  readonly columns: string | null;
}

/** Reads what the catalog says of objects that files made. */
export async function readPrints(client: DatabaseClient, made: readonly Made[]): Promise<Map<string, ObjectPrint>> {
  const objects = made.flatMap(({ identity, object }) =>
    object === undefined ? [] : [{ identity, type: object.type, name: object.name, relation: object.relation ?? null }],
  );
  if (objects.length === 0) return new Map();
  const { rows } = await client.query<ObjectPrint & { identity: string }>(withRoutines(client, PRINTS), [
    JSON.stringify(objects),
  ]);
  return new Map(rows.map(({ identity, oid, self, columns }) => [identity, { oid, self, columns }]));
}

/** Row by row, each found by an index: joined, `pg_attribute` would be read from end to end for each object. */
const PRINTS = `
with made as (
  select
    m.identity,
    case when m.type in ('function', 'procedure') then routine_oid(m.name) end as routine,
    case when m.type = 'view' then to_regclass(m.name)::oid end as view,
    case when m.type = 'trigger' then to_regclass(m.relation)::oid end as trigger_of,
    case when m.type = 'policy' then to_regclass(m.relation)::oid end as policy_of,
    m.name
  from jsonb_to_recordset($1::jsonb) as m (identity text, type text, name text, relation text)
),
found as (
  select m.identity, 'pg_catalog.pg_proc'::regclass as classid, p.oid, null::oid as relation, p.entry
  from made as m
  cross join lateral (
    select p.oid, p::text as entry from pg_catalog.pg_proc as p where p.oid = m.routine offset 0
  ) as p
  union all
  select m.identity, 'pg_catalog.pg_class'::regclass, c.oid, null, concat(
    c.entry,
    (select string_agg(concat(a.attname, a.attacl), ',' order by a.attnum) from pg_catalog.pg_attribute as a where a.attrelid = c.oid),
    (select string_agg(w::text, ',' order by w.oid) from pg_catalog.pg_rewrite as w where w.ev_class = c.oid),
    (select string_agg(d::text, ',' order by d.oid) from pg_catalog.pg_attrdef as d where d.adrelid = c.oid)
  )
  from made as m
  cross join lateral (
    select c.oid, c::text as entry from pg_catalog.pg_class as c where c.oid = m.view offset 0
  ) as c
  union all
  select m.identity, 'pg_catalog.pg_trigger'::regclass, t.oid, m.trigger_of, t.entry
  from made as m
  cross join lateral (
    select t.oid, t::text as entry
    from pg_catalog.pg_trigger as t
    where t.tgrelid = m.trigger_of and t.tgname = m.name
    offset 0
  ) as t
  union all
  select m.identity, 'pg_catalog.pg_policy'::regclass, p.oid, m.policy_of, p.entry
  from made as m
  cross join lateral (
    select p.oid, p::text as entry
    from pg_catalog.pg_policy as p
    where p.polrelid = m.policy_of and p.polname = m.name
    offset 0
  ) as p
)
select
  f.identity,
  f.oid::text as oid,
  md5(concat(f.entry, d.comments, r.used)) as self,
  md5(r.columns) as columns
from found as f
left join lateral (
  select string_agg(concat(d.objsubid, d.description), ',' order by d.objsubid) as comments
  from pg_catalog.pg_description as d
  where d.classoid = f.classid and d.objoid = f.oid
) as d on true
left join lateral (
  select
    string_agg(concat_ws(' ', a.attrelid, a.attname, a.atttypid), ',' order by a.attrelid, a.attnum)
      filter (where u.relation is distinct from f.relation) as columns,
    string_agg(concat_ws(' ', a.attrelid, a.attname), ',' order by a.attrelid, a.attnum)
      filter (where a.attnum = any (u.numbers)) as used
  from (
    select u.refobjid as relation, array_agg(u.refobjsubid) as numbers
    from (
      select u.refobjid, u.refobjsubid
      from pg_catalog.pg_depend as u
      where u.classid = f.classid and u.objid = f.oid and u.refclassid = 'pg_catalog.pg_class'::regclass
      union all
      select u.refobjid, u.refobjsubid
      from pg_catalog.pg_rewrite as w
      join pg_catalog.pg_depend as u on u.classid = 'pg_catalog.pg_rewrite'::regclass and u.objid = w.oid
      where f.classid = 'pg_catalog.pg_class'::regclass
        and w.ev_class = f.oid
        and u.refclassid = 'pg_catalog.pg_class'::regclass
        and u.refobjid <> f.oid
    ) as u
    group by u.refobjid
  ) as u
  cross join lateral (
    select a.attrelid, a.attname, a.atttypid, a.attnum
    from pg_catalog.pg_attribute as a
    where a.attrelid = u.relation and a.attnum > 0 and not a.attisdropped
    offset 0
  ) as a
) as r on true`;
