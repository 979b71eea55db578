import type { DatabaseClient } from "../db/client.ts";
import type { MatrixPolicy } from "../core/matrix.ts";
import { isDatabaseError } from "../db/run-script.ts";

/** What the catalog says of an API and of the tables behind it. */
export interface ApiCatalog {
  /** Tables and views of every schema but PostgreSQL's own, by oid. */
  readonly relations: ReadonlyMap<string, Relation>;
  readonly foreignKeys: readonly ForeignKey[];
  /** Columns of views that are columns of other relations, told like foreign keys. */
  readonly lineage: readonly ForeignKey[];
  readonly functions: readonly ApiFunction[];
}

export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** Whether PostgREST serves it. */
  readonly exposed: boolean;
  readonly kind: "r" | "p" | "v" | "m" | "f";
  /** Its owner obeys its policies as well. */
  readonly forced: boolean;
  readonly rowSecurity: boolean;
  readonly policies: readonly MatrixPolicy[];
  readonly columns: readonly Column[];
  /** Column numbers of its primary key, or else of the first key without nulls. */
  readonly key: readonly number[];
  /** Every unique constraint and primary key. */
  readonly keys: readonly (readonly number[])[];
  /** Commands that it takes: of a view, by being simple or by triggers. */
  readonly writable: { readonly insert: boolean; readonly update: boolean; readonly delete: boolean };
  /** Of a view, its query. */
  readonly definition: string | null;
  /** A view whose new rows PostgreSQL itself puts into what is behind it: no trigger and no rule of the view does. */
  readonly passesOn: boolean;
}

export interface Column {
  readonly number: number;
  readonly name: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** No value but the default can be given. */
  readonly fixed: boolean;
  /** Whether an INSERT can give it a value; of a view that passes rows on, to the column behind it. */
  readonly insertable: boolean;
  /** Its default counts, or is told by a row of its own: `generated … as identity`. */
  readonly identity: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly from: string;
  readonly fromColumns: readonly number[];
  readonly to: string;
  readonly toColumns: readonly number[];
}

export interface ApiFunction {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** Input arguments: `type` is qualified, `shown` is as `format_type` writes it. */
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly shown: string;
    readonly variadic: boolean;
  }[];
  /** How many of them have a default. */
  readonly defaults: number;
  readonly returnsSet: boolean;
  readonly isVolatile: boolean;
}

/** Columns that a role has a privilege for, by its name and the relation's oid. */
export type Privileges = ReadonlyMap<string, ReadonlyMap<string, ColumnPrivileges>>;

export interface ColumnPrivileges {
  readonly select: readonly string[];
  readonly insert: readonly string[];
  readonly update: readonly string[];
}

/** Reads tables, views, keys and functions; of extensions only the tables, since what they bring is theirs. */
export async function readApiCatalog(client: DatabaseClient, schemas: readonly string[]): Promise<ApiCatalog> {
  const { rows } = await client.query<Relation>(RELATIONS, [schemas]);
  const relations = new Map(rows.map((relation) => [relation.oid, relation]));
  const foreignKeys = await client.query<ForeignKey>(FOREIGN_KEYS);
  const functions = await client.query<ApiFunction>(FUNCTIONS, [schemas]);
  const origins = await readOrigins(client, relations);
  return {
    relations: new Map(rows.map((relation) => [relation.oid, withInsertable(relation, { relations, origins })])),
    foreignKeys: foreignKeys.rows,
    lineage: rows.filter(({ exposed }) => exposed).flatMap((relation) => lineageOf(relation, origins)),
    functions: functions.rows,
  };
}

/** Of each column of a view, in their order, where it comes from; by the view's oid. */
type Origins = ReadonlyMap<string, readonly ColumnOrigin[]>;

/**
 * PostgreSQL says of each column of a query which table's or view's column it is, if it is one; of a view it says so when
 * its query is asked. A view that cannot be asked leads nowhere. Read of what is exposed, and of the views behind it.
 */
async function readOrigins(client: DatabaseClient, relations: ApiCatalog["relations"]): Promise<Origins> {
  const origins = new Map<string, readonly ColumnOrigin[]>();
  const waiting = [...relations.values()].filter(({ exposed }) => exposed);
  for (let view = waiting.pop(); view !== undefined; view = waiting.pop()) {
    if (view.definition === null || origins.has(view.oid)) continue;
    const fields = await fieldsOf(client, view.definition);
    origins.set(view.oid, fields);
    waiting.push(...fields.flatMap(({ tableID }) => relations.get(String(tableID)) ?? []));
  }
  return origins;
}

function lineageOf({ oid, columns }: Relation, origins: Origins): ForeignKey[] {
  return (origins.get(oid) ?? []).flatMap(({ tableID, columnID }, index) => {
    const column = columns[index];
    if (tableID === 0 || column === undefined) return [];
    return [
      {
        name: column.name,
        from: oid,
        fromColumns: [column.number],
        to: String(tableID),
        toColumns: [columnID],
      },
    ];
  });
}

interface Traced {
  readonly relations: ApiCatalog["relations"];
  readonly origins: Origins;
}

function withInsertable(relation: Relation, traced: Traced): Relation {
  if (!relation.passesOn) return relation;
  const columns = relation.columns.map((column, index) => ({
    ...column,
    insertable: column.insertable && isInsertable(traced.origins.get(relation.oid)?.[index], traced),
  }));
  return { ...relation, columns };
}

/** What is behind a view may be another one. */
function isInsertable(origin: ColumnOrigin | undefined, traced: Traced): boolean {
  const behind = origin === undefined ? undefined : traced.relations.get(String(origin.tableID));
  const index = behind?.columns.findIndex(({ number }) => number === origin?.columnID) ?? -1;
  const column = behind?.columns[index];
  if (behind === undefined || column === undefined) return true;
  if (!column.insertable || !behind.passesOn) return column.insertable;
  return isInsertable(traced.origins.get(behind.oid)?.[index], traced);
}

/** What PostgreSQL says of a column of a result: 0 where it is no table's. */
interface ColumnOrigin {
  readonly tableID: number;
  readonly columnID: number;
}

async function fieldsOf(client: DatabaseClient, definition: string): Promise<ColumnOrigin[]> {
  await client.query("savepoint tm_db_lineage");
  try {
    const { fields } = await client.query(`select * from (${definition.replace(/;\s*$/, "")}) as q limit 0`);
    return fields;
  } catch (error) {
    if (isDatabaseError(error)) return [];
    throw error;
  } finally {
    await client.query("rollback to savepoint tm_db_lineage");
  }
}

const RELATIONS = `select
  c.oid::text as oid,
  n.nspname::text as schema,
  c.relname::text as name,
  n.nspname = any ($1) and not c.relispartition and not e.is_member as exposed,
  c.relkind::text as kind,
  c.relforcerowsecurity as forced,
  c.relrowsecurity as "rowSecurity",
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'name', p.polname,
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'permissive', p.polpermissive,
      'roles', array(
        select coalesce(r.rolname::text, 'PUBLIC')
        from unnest(p.polroles) as member
        left join pg_catalog.pg_roles as r on r.oid = member
        order by 1
      )
    ) order by p.polname collate "C")
    from pg_catalog.pg_policy as p
    where p.polrelid = c.oid
  ), '[]') as policies,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'number', a.attnum,
      'name', a.attname,
      'notNull', a.attnotnull,
      'hasDefault', a.atthasdef or a.attidentity <> '',
      'fixed', a.attgenerated <> '' or a.attidentity = 'a',
      'identity', a.attidentity <> '',
      'insertable', a.attgenerated = '' and a.attidentity <> 'a'
        and (not v.passes_on or pg_catalog.pg_column_is_updatable(c.oid, a.attnum, false))
    ) order by a.attnum)
    from pg_catalog.pg_attribute as a
    where a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
  ), '[]') as columns,
  coalesce((
    select to_jsonb(k.conkey)
    from pg_catalog.pg_constraint as k
    where k.conrelid = c.oid
      and k.contype in ('p', 'u')
      and not exists (
        select
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid
          and a.attnum = any (k.conkey)
          and not a.attnotnull
      )
    order by k.contype, k.conname collate "C"
    limit 1
  ), '[]') as key,
  coalesce((
    select jsonb_agg(to_jsonb(k.conkey) order by k.contype, k.conname collate "C")
    from pg_catalog.pg_constraint as k
    where k.conrelid = c.oid
      and k.contype in ('p', 'u')
  ), '[]') as keys,
  jsonb_build_object('insert', w.mask & 8 <> 0, 'update', w.mask & 4 <> 0, 'delete', w.mask & 16 <> 0) as writable,
  case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
  v.passes_on as "passesOn"
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (select case when c.relkind = 'm' then 0 else pg_catalog.pg_relation_is_updatable(c.oid, true) end) as w (mask)
cross join lateral (
  select exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_class'::regclass
      and d.objid = c.oid
      and d.deptype = 'e'
  )
) as e (is_member)
cross join lateral (
  select
    c.relkind = 'v'
    and pg_catalog.pg_relation_is_updatable(c.oid, false) & 8 <> 0
    and not exists (
      select
      from pg_catalog.pg_trigger as t
      where t.tgrelid = c.oid
        and t.tgtype & 68 = 68
    )
    and not exists (
      select
      from pg_catalog.pg_rewrite as r
      where r.ev_class = c.oid
        and r.ev_type = '3'
        and r.is_instead
    )
) as v (passes_on)
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and c.relpersistence <> 't'
  and n.nspname <> all (array['pg_catalog', 'information_schema', 'pg_toast', 'tm_db', 'tests', 'pgtap'])
  and (n.nspname = any ($1) or pg_catalog.has_table_privilege(c.oid, 'select'))
order by n.nspname collate "C", c.relname collate "C"`;

const FOREIGN_KEYS = `select
  k.conname::text as name,
  k.conrelid::text as from,
  k.conkey::integer[] as "fromColumns",
  k.confrelid::text as to,
  k.confkey::integer[] as "toColumns"
from pg_catalog.pg_constraint as k
where k.contype = 'f'
order by k.conrelid::regclass::text collate "C", k.conname collate "C"`;

/** As PostgREST lists them, without what extensions bring: no triggers, procedures or aggregates. */
const FUNCTIONS = `select
  p.oid::text as oid,
  n.nspname::text as schema,
  p.proname::text as name,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'name', coalesce(p.proargnames[i.n], ''),
      'type', format('%I.%I', tn.nspname, t.typname),
      'shown', pg_catalog.format_type(t.oid, null),
      'variadic', coalesce(p.proargmodes[i.n] = 'v', false)
    ) order by i.n)
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as i (type, n)
    join pg_catalog.pg_type as t on t.oid = i.type
    join pg_catalog.pg_namespace as tn on tn.oid = t.typnamespace
    where coalesce(p.proargmodes[i.n], 'i') in ('i', 'b', 'v')
  ), '[]') as inputs,
  p.pronargdefaults as defaults,
  p.proretset as "returnsSet",
  p.provolatile = 'v' as "isVolatile"
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where n.nspname = any ($1)
  and p.prokind = 'f'
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_proc'::regclass
      and d.objid = p.oid
      and d.deptype = 'e'
  )
order by n.nspname collate "C", p.proname collate "C", pg_catalog.oidvectortypes(p.proargtypes) collate "C"`;

/** Asks for the relations of the API, and for these roles. */
export async function readPrivileges(
  client: DatabaseClient,
  given: { readonly roles: readonly string[]; readonly relations: readonly Relation[] },
): Promise<Privileges> {
  const { rows } = await client.query<{ role: string; oid: string } & ColumnPrivileges>(PRIVILEGES, [
    given.roles,
    given.relations.map(({ oid }) => oid),
  ]);
  const byRole = new Map<string, Map<string, ColumnPrivileges>>(given.roles.map((role) => [role, new Map()]));
  for (const { role, oid, ...privileges } of rows) byRole.get(role)?.set(oid, privileges);
  return byRole;
}

const PRIVILEGES = `select
  r.rolname::text as role,
  c.oid::text as oid,
  coalesce(jsonb_agg(a.attname order by a.attnum) filter (where pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'select')), '[]') as "select",
  coalesce(jsonb_agg(a.attname order by a.attnum) filter (where pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'insert')), '[]') as "insert",
  coalesce(jsonb_agg(a.attname order by a.attnum) filter (where pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'update')), '[]') as "update"
from pg_catalog.pg_roles as r
cross join pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where r.rolname = any ($1)
  and c.oid = any ($2::oid[])
group by r.rolname, c.oid`;
