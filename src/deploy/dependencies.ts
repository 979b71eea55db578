import type { DatabaseClient } from "../db/client.ts";
import type { AppliedRepeatable, Made } from "./ledger-state.ts";
import { commentIdentity, type CreatedObject } from "./declaration.ts";
import { withRoutines } from "./routine-oid.ts";

/** Who depends on whom among the objects that repeatables made, as the catalog of the moment says. */
export interface Dependencies {
  /** Identities of objects that are there. */
  readonly existing: ReadonlySet<string>;
  /** From an object's identity to the identities that depend on it directly; a closure would grow with the square of a chain. */
  readonly dependents: ReadonlyMap<string, ReadonlySet<string>>;
  /** From an object's identity to the files that set something of it: privileges and comments, which go with it. */
  readonly settingFiles: ReadonlyMap<string, ReadonlySet<string>>;
  /** From an object's identity to descriptions of what depends on it directly and was not made by a repeatable. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /**
   * From triggers on tables of somebody else to their functions. The privilege `trigger` is enough to make one, and only
   * the table's owner may drop it; it goes when its function is dropped with `cascade`, for which owning that is enough.
   */
  readonly foreignTriggers: ReadonlyMap<string, string>;
  /** From an object's identity to PostgreSQL's words for it, as they stand in its error messages. */
  readonly descriptions: ReadonlyMap<string, string>;
}

/** Reads the dependencies among everything that `files` made, and whether the targets of their other declarations exist. */
export async function readDependencies(
  client: DatabaseClient,
  files: readonly AppliedRepeatable[],
): Promise<Dependencies> {
  const made = files.flatMap((file) => file.made);
  const objects = made.map((entry) => entry.object ?? entry.target).flatMap((object, key) => toRow(object, key));
  const { rows } = await client.query<DependencyRow>(withRoutines(client, DEPENDENCIES), [JSON.stringify(objects)]);
  const identityOf = (key: number): string => made[key]?.identity ?? "";
  const paths = files.flatMap((file) => file.made.map(() => file.path));
  const dependents = new Map<string, Set<string>>();
  const holders = new Map<string, readonly string[]>();
  const foreignTriggers = new Map<string, string>();
  const settingFiles = new Map<string, ReadonlySet<string>>();
  const keys = new Map(made.map(({ identity }, key) => [identity, key]));
  /** Comments on a policy or trigger are known by its table, and by their words. */
  const commenters = (object: CreatedObject | undefined): number[] => {
    if (object?.relation === undefined) return [];
    const kind = object.type === "policy" ? "policy" : "trigger";
    const key = keys.get(commentIdentity({ keyword: "table", name: object.relation }, { kind, name: object.name }));
    return key === undefined ? [] : [key];
  };
  const foreign = new Set(rows.filter((row) => row.isForeignTrigger).map((row) => row.key));
  for (const row of rows) {
    const identity = identityOf(row.key);
    if (row.dependents.length > 0) dependents.set(identity, new Set(row.dependents.map(identityOf)));
    if (row.holders.length > 0) holders.set(identity, row.holders);
    const setters = [...row.setters, ...commenters(made[row.key]?.object)].map((key) => paths[key] ?? "");
    if (setters.length > 0) settingFiles.set(identity, new Set(setters));
    for (const key of row.dependents) if (foreign.has(key)) foreignTriggers.set(identityOf(key), identity);
  }
  return {
    existing: new Set(rows.map((row) => identityOf(row.key))),
    dependents,
    settingFiles,
    holders,
    foreignTriggers,
    descriptions: new Map(rows.map((row) => [identityOf(row.key), row.description])),
  };
}

interface DependencyRow {
  readonly key: number;
  readonly description: string;
  readonly dependents: readonly number[];
  readonly setters: readonly number[];
  readonly holders: readonly string[];
  readonly isForeignTrigger: boolean;
}

function toRow(object: CreatedObject | Made["target"], key: number): unknown[] {
  if (object === undefined) return [];
  if ("type" in object)
    return [{ key, created: true, type: object.type, name: object.name, relation: object.relation ?? null }];
  return [{ key, created: false, type: object.keyword, name: object.name, relation: null }];
}

/** What goes when some files are taken back. */
export interface TakeBack {
  readonly paths: ReadonlySet<string>;
  /** Identities of functions that stay, to be replaced in place. */
  readonly kept: ReadonlySet<string>;
}

/** Files by what they made, for questions that are asked of each of them. */
export interface FileIndex {
  readonly byPath: ReadonlyMap<string, AppliedRepeatable>;
  /** From an object's identity to the path of the file that made it. */
  readonly pathOf: ReadonlyMap<string, string>;
}

export function indexFiles(files: readonly AppliedRepeatable[]): FileIndex {
  return {
    byPath: new Map(files.map((file) => [file.path, file])),
    pathOf: new Map(
      files.flatMap((file) => file.made.flatMap((made) => (made.object ? [[made.identity, file.path] as const] : []))),
    ),
  };
}

/**
 * The files that must be taken back together with `roots`: whoever depends on something that goes, or sets something of it,
 * and so on.
 * `keepable` are objects of the roots that could stay; one that depends on something that goes cannot.
 */
export function findTakeBack(
  { byPath, pathOf }: FileIndex,
  roots: { readonly paths: Iterable<string>; readonly keepable: ReadonlySet<string> },
  dependencies: Dependencies,
): TakeBack {
  const kept = new Set(roots.keepable);
  const paths = new Set<string>();
  const visited = new Set<string>();
  const starts = new Set(roots.paths);
  const takeFile = (path: string): void => {
    if (paths.has(path)) return;
    paths.add(path);
    for (const made of byPath.get(path)?.made ?? []) if (!kept.has(made.identity)) drop(made.identity);
  };
  const drop = (identity: string): void => {
    if (visited.has(identity)) return;
    visited.add(identity);
    const triggerFunction = dependencies.foreignTriggers.get(identity);
    if (triggerFunction !== undefined) {
      kept.delete(triggerFunction);
      const path = pathOf.get(triggerFunction);
      if (path !== undefined) takeFile(path);
      drop(triggerFunction);
    }
    for (const dependent of dependencies.dependents.get(identity) ?? []) {
      kept.delete(dependent);
      const path = pathOf.get(dependent);
      if (path !== undefined) takeFile(path);
      drop(dependent);
    }
    for (const path of dependencies.settingFiles.get(identity) ?? []) takeSettings(path);
  };
  /** A file that only says something of what goes: what it makes is the same afterwards, and replaced where that can be. */
  const takeSettings = (path: string): void => {
    if (starts.has(path) || paths.has(path)) return takeFile(path);
    paths.add(path);
    for (const { identity, object } of byPath.get(path)?.made ?? []) {
      if (object?.relation === undefined && object !== undefined && !visited.has(identity)) kept.add(identity);
      else drop(identity);
    }
  };
  for (const path of starts) takeFile(path);
  return { paths, kept };
}

/**
 * The SQL that takes back what `made` says, in an order in which nothing is dropped before what depends on it. What
 * is gone already is passed over; so are privileges, comments and flags of objects that are dropped here anyway.
 */
export function takeBackSql(made: readonly Made[], dependencies: Dependencies): string[] {
  const present = made.filter((entry) => dependencies.existing.has(entry.identity));
  const drops = new Map(present.flatMap((entry) => (entry.object ? [[entry.identity, entry] as const] : [])));
  const dropped = new Set([...drops.values()].map(({ object }) => object?.name));
  const undone = present
    .toReversed()
    .filter((entry) => entry.object === undefined && entry.undo !== "" && !dropped.has(entry.target?.name));
  const ordered = new Set<Made>();
  const visit = (entry: Made, underway: ReadonlySet<string>): void => {
    if (ordered.has(entry) || underway.has(entry.identity)) return;
    for (const dependent of dependencies.dependents.get(entry.identity) ?? []) {
      const other = drops.get(dependent);
      if (other !== undefined) visit(other, new Set([...underway, entry.identity]));
    }
    ordered.add(entry);
  };
  for (const entry of [...drops.values()].toReversed()) visit(entry, new Set());
  const { foreignTriggers } = dependencies;
  const cascading = new Set([...drops.keys()].flatMap((identity) => foreignTriggers.get(identity) ?? []));
  return [
    ...undone.map(({ undo }) => undo),
    ...[...ordered]
      .filter(({ identity }) => !foreignTriggers.has(identity))
      .map(({ identity, undo }) => (cascading.has(identity) ? `${undo} cascade` : undo)),
  ];
}

const DEPENDENCIES = `
with recursive managed as materialized (
  select
    m.key,
    m.created,
    case m.type
      when 'function' then 'pg_catalog.pg_proc'::regclass
      when 'procedure' then 'pg_catalog.pg_proc'::regclass
      when 'routine' then 'pg_catalog.pg_proc'::regclass
      when 'trigger' then 'pg_catalog.pg_trigger'::regclass
      when 'policy' then 'pg_catalog.pg_policy'::regclass
      when 'schema' then 'pg_catalog.pg_namespace'::regclass
      when 'type' then 'pg_catalog.pg_type'::regclass
      else 'pg_catalog.pg_class'::regclass
    end::oid as classid,
    case
      when m.type in ('function', 'procedure', 'routine') then routine_oid(m.name)
      when m.type in ('view', 'table', 'sequence') then to_regclass(m.name)::oid
      when m.type = 'schema' then to_regnamespace(m.name)::oid
      when m.type = 'type' then to_regtype(m.name)::oid
      when m.type = 'trigger'
        then (select t.oid from pg_catalog.pg_trigger as t where t.tgrelid = to_regclass(m.relation) and t.tgname = m.name)
      when m.type = 'policy'
        then (select p.oid from pg_catalog.pg_policy as p where p.polrelid = to_regclass(m.relation) and p.polname = m.name)
    end as objid
  from jsonb_to_recordset($1::jsonb) as m (key integer, created boolean, type text, name text, relation text)
),
reached (root, classid, objid, is_root, is_part) as (
  select m.key, m.classid, m.objid, true, false
  from managed as m
  where m.created and m.objid is not null
  union
  select
    r.root,
    n.classid,
    n.objid,
    false,
    n.classid = 'pg_catalog.pg_type'::regclass
      -- What a view is. Another rule on it is a migration's.
      or n.classid = 'pg_catalog.pg_rewrite'::regclass
        and exists (select from pg_catalog.pg_rewrite as w where w.oid = n.objid and w.rulename = '_RETURN')
      -- A default that a column of the view was given.
      or n.classid = 'pg_catalog.pg_attrdef'::regclass
        and exists (select from pg_catalog.pg_attrdef as a where a.oid = n.objid and a.adrelid = r.objid)
      -- What a constraint trigger keeps its timing in, and a partition's copy of a trigger: both go with the trigger.
      or n.classid = 'pg_catalog.pg_constraint'::regclass and n.deptype = 'i'
      or n.classid = 'pg_catalog.pg_trigger'::regclass
        and exists (select from pg_catalog.pg_trigger as t where t.oid = n.objid and t.tgparentid <> 0)
  from reached as r
  cross join lateral (
    select d.classid, d.objid, d.deptype
    from pg_catalog.pg_depend as d
    where d.refclassid = r.classid and d.refobjid = r.objid and d.deptype in ('n', 'a', 'i')
    union all
    select d.refclassid, d.refobjid, d.deptype
    from pg_catalog.pg_depend as d
    where d.classid = r.classid and d.objid = r.objid and d.deptype = 'i' and r.is_part
  ) as n
  where r.is_root or r.is_part
),
dependent as (
  select
    r.root,
    json_agg(distinct o.key) filter (where o.key <> r.root) as managed,
    json_agg(distinct pg_catalog.pg_describe_object(r.classid, r.objid, 0))
      filter (where o.key is null and not r.is_part) as others
  from reached as r
  left join managed as o on o.created and o.classid = r.classid and o.objid = r.objid
  group by r.root
),
setter as (
  select o.key, json_agg(m.key) as keys
  from managed as o
  join managed as m on not m.created and m.classid = o.classid and m.objid = o.objid
  where o.created and o.objid is not null
  group by o.key
),
foreign_trigger as (
  select m.key
  from managed as m
  join pg_catalog.pg_trigger as t on t.oid = m.objid
  join pg_catalog.pg_class as c on c.oid = t.tgrelid
  where m.classid = 'pg_catalog.pg_trigger'::regclass and not pg_catalog.pg_has_role(c.relowner, 'usage')
)
select
  m.key,
  pg_catalog.pg_describe_object(m.classid, m.objid, 0) as description,
  coalesce(d.managed, '[]') as dependents,
  coalesce(s.keys, '[]') as setters,
  coalesce(d.others, '[]') as holders,
  f.key is not null as "isForeignTrigger"
from managed as m
left join dependent as d on d.root = m.key
left join setter as s on s.key = m.key
left join foreign_trigger as f on f.key = m.key
where m.objid is not null`;
