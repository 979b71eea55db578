import { isDeepStrictEqual } from "node:util";
import { TmDbError } from "../core/errors.ts";
import type { MigrationFile, RepeatableFile } from "../core/project-files.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { aclChanges, aclKey } from "./acl-changes.ts";
import { factsKey } from "./facts.ts";
import type { AppliedRepeatable, Made } from "./ledger-state.ts";
import type { SqlPart } from "./migration-sql.ts";
import { loadSqlParser, type ParsedStatement, parseSql } from "./parse-sql.ts";
import { PrivilegeIndex, readPrivilege } from "./privilege-index.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun } from "./run.ts";
import { readStatement } from "./statement.ts";
import type { AclEntry, ObjectFacts } from "./undo.ts";
import { routineOid } from "./routine-oid.ts";

/*
 * In a database that is built from nothing no file stands while migrations run, besides those that they need. Where files
 * do stand, this makes up for it: some step aside before the migrations, and what migrations did to the others is found.
 */

/** A migration, and the part of it that will run. */
interface ComingMigration {
  readonly file: MigrationFile;
  readonly part: SqlPart;
}

/**
 * The files that migrations must not meet: those that say something that a migration says too (it would be taken for what
 * the file changed, and go with the file), and those whose new version leaves out something (which the migration may
 * give to another object, or rename, or say itself).
 */
export async function findInTheWay(
  standing: readonly AppliedRepeatable[],
  wanted: readonly RepeatableFile[],
  migrations: readonly ComingMigration[],
): Promise<string[]> {
  if (standing.length === 0 || migrations.length === 0) return [];
  await loadSqlParser();
  const said = migrations.flatMap(identitiesOf);
  const exact = new Set(said);
  const privileges = new PrivilegeIndex();
  for (const identity of said) privileges.add(identity, "");
  const schemas = migrations.flatMap(grantedWholes);
  const isOfWhole = ({ identity, target }: Made): boolean =>
    target !== undefined &&
    readPrivilege(identity) !== undefined &&
    schemas.some((schema) => target.name.startsWith(`${quoteIdent(schema)}.`));
  const byPath = new Map(wanted.map((file) => [file.path, file]));
  return standing.flatMap(({ path, checksum, made }) => {
    const isSaid = made.some(
      (entry) => exact.has(entry.identity) || privileges.overlapping(entry.identity).length > 0 || isOfWhole(entry),
    );
    const next = byPath.get(path);
    const isChanged = next !== undefined && next.checksum !== checksum;
    return isSaid || (isChanged && leavesOut(made, next)) ? [path] : [];
  });
}

function leavesOut(made: readonly Made[], next: RepeatableFile): boolean {
  const declared = declareFiles([next]).flatMap(({ declarations }) => declarations);
  const identities = new Set(declared.map(({ declaration }) => declaration.identity));
  return made.some(({ identity }) => !identities.has(identity));
}

const ATTRIBUTES = /\brow\s+level\s+security\b|\bgrant\b|\brevoke\b|\bcomment\s+on\b/i;

/** What the statements of a migration declare that a file might declare too: flags, privileges, comments. */
function identitiesOf(migration: ComingMigration): string[] {
  return statementsOf(migration).flatMap(({ node }) => {
    const reading = readStatement(node, "policies");
    return reading.kind === "declares" ? reading.declarations.map(({ identity }) => identity) : [];
  });
}

/** Schemas in which a migration grants or revokes something on all objects of a kind. */
function grantedWholes(migration: ComingMigration): string[] {
  return statementsOf(migration).flatMap(({ node }) =>
    "GrantStmt" in node && node.GrantStmt.targtype === "ACL_TARGET_ALL_IN_SCHEMA"
      ? (node.GrantStmt.objects ?? []).flatMap((object) => ("String" in object ? (object.String.sval ?? "") : []))
      : [],
  );
}

/** None where there is nothing to find, or nothing to parse: PostgreSQL will say so, when it is its turn. */
function statementsOf({ file, part }: ComingMigration): readonly ParsedStatement[] {
  if (!ATTRIBUTES.test(part.sql)) return [];
  try {
    return parseSql({ path: file.path, text: part.sql });
  } catch {
    return [];
  }
}

/** The state of what files made, and of what they set privileges, comments or flags of. */
export interface Standing {
  /** By `factsKey`. */
  readonly facts: ReadonlyMap<string, ObjectFacts>;
  /** By identity. */
  readonly objects: ReadonlyMap<string, ObjectPrint>;
}

interface ObjectPrint {
  readonly oid: string;
  /** A hash of all that the catalog says of the object itself, and of the names of the columns that it uses. */
  readonly self: string;
  /** The columns of the relations that it reads: what a star in its definition stands for, or a name in a subquery. */
  readonly columns: string | null;
}

/**
 * Reads it; undefined where no file stands but those that are `needed`, so that a first deployment pays nothing. Those
 * stand before these migrations in a database that is built from nothing, too.
 */
export async function readStanding(run: DeploymentRun, needed: ReadonlySet<string>): Promise<Standing | undefined> {
  const made = run.applied.flatMap((file) => (needed.has(file.path) ? [] : file.made));
  if (made.length === 0) return undefined;
  const targets = made.flatMap(({ target }) => target ?? []);
  return { facts: await run.readFacts(targets, new Set()), objects: await readPrints(run.client, made) };
}

/**
 * Takes back the files of which migrations changed something since `before`, so that they come again as in a database
 * that is built from nothing: what a file made is made anew, and what a migration said of other objects is now what the
 * file finds there.
 * @throws TmDbError OBJECT_HELD where what a file made has another name now, and something else has its own.
 */
export async function leaveTouched(run: DeploymentRun, before: Standing, needed: ReadonlySet<string>): Promise<void> {
  const after = await readStanding(run, needed);
  if (after === undefined) return;
  await refuseMoved(run, before, after);
  const ownObjects = new Set(run.applied.flatMap(({ made }) => made.flatMap(({ object }) => object?.name ?? [])));
  const paths: string[] = [];
  const settled = new Set<string>();
  const changed: { readonly path: string; readonly sql: string }[] = [];
  for (const file of run.applied.filter(({ path }) => !needed.has(path))) {
    const touched = file.made.filter((made) => isTouched(made, before, after));
    if (touched.length > 0 || (await mayMeanOthers(file, before, after))) paths.push(file.path);
    for (const { identity, target } of touched) {
      if (target === undefined) continue;
      const [was, is] = [before.facts.get(factsKey(target)), after.facts.get(factsKey(target))];
      const privilege = readPrivilege(identity);
      const isAnew = was?.oid !== is?.oid;
      if (isAnew || privilege === undefined || privilege.column !== undefined) settled.add(identity);
      else if (was !== undefined && is !== undefined && !ownObjects.has(target.name))
        changed.push({ path: file.path, sql: privilegeChanges(identity, was, is) });
    }
  }
  if (paths.length === 0) return;
  run.settle(settled);
  await run.takeBack({ paths, keepable: new Set(), onHeld: "leave" }, await run.readDependencies());
  const standing = new Set(run.applied.map(({ path }) => path));
  const statements = changed.filter(({ path, sql }) => !standing.has(path) && sql !== "").map(({ sql }) => sql);
  if (statements.length > 0) await run.client.query(statements.join(";\n"));
}

function isTouched({ identity, object, target }: Made, before: Standing, after: Standing): boolean {
  if (object !== undefined) {
    const is = after.objects.get(identity);
    // What is gone is found, and made again, when the migrations have ended.
    return is !== undefined && before.objects.get(identity)?.self !== is.self;
  }
  if (target === undefined) return false;
  const [was, is] = [before.facts.get(factsKey(target)), after.facts.get(factsKey(target))];
  if (was?.oid !== is?.oid) return true;
  return was !== undefined && is !== undefined && !isDeepStrictEqual(aspectOf(identity, was), aspectOf(identity, is));
}

/** The part of an object's state that a declaration is about. */
function aspectOf(identity: string, facts: ObjectFacts): unknown {
  if (identity.startsWith("enable ")) return facts.rowSecurity;
  if (identity.startsWith("force ")) return facts.forceRowSecurity;
  if (readPrivilege(identity) !== undefined)
    return aclOf(identity, facts)
      .map((entry) => aclKey(entry))
      .toSorted();
  const part = facts.parts.find(({ kind, name }) => identity.startsWith(`comment on ${kind} ${quoteIdent(name)} of `));
  const isOfPart = /^comment on (column|policy|trigger|constraint) /.test(identity);
  return (isOfPart ? part?.comment : facts.comment) ?? null;
}

function aclOf(identity: string, facts: ObjectFacts): AclEntry[] {
  const declared = readPrivilege(identity);
  if (declared === undefined) return [];
  return facts.acl.filter(
    ({ privilege, column, grantee }) =>
      (declared.privilege === "ALL" || declared.privilege === privilege) &&
      (declared.column === undefined || declared.column === column) &&
      declared.subject.endsWith(`${facts.name} of ${grantee}`),
  );
}

/** What a migration gave and took of the privileges that a declaration is about. */
function privilegeChanges(identity: string, was: ObjectFacts, is: ObjectFacts): string {
  return aclChanges(is, { from: aclOf(identity, was), to: aclOf(identity, is) }).join(";\n");
}

/**
 * Whether a file's definitions may mean other columns than before: a star stands for them, a natural join is by them, and a
 * name in a subquery is looked for in its tables first.
 */
async function mayMeanOthers(file: AppliedRepeatable, before: Standing, after: Standing): Promise<boolean> {
  const isOther = file.made.some(
    ({ identity }) => before.objects.get(identity)?.columns !== after.objects.get(identity)?.columns,
  );
  if (!isOther || !/\*|\btable\b|\bnatural\b|\(\s*select\b/i.test(file.text)) return false;
  await loadSqlParser();
  return parseSql(file).some(({ node }) => /"A_Star"|"isNatural"|"SubLink"/.test(JSON.stringify(node)));
}

/** What carries a file's object or settings away by a rename cannot be taken back by the names that the file has. */
async function refuseMoved(run: DeploymentRun, before: Standing, after: Standing): Promise<void> {
  const suspects = run.applied.flatMap(({ path, made }) =>
    made.flatMap(({ identity, object, target }): Suspect[] => {
      if (object !== undefined) {
        const was = before.objects.get(identity);
        if (was === undefined || after.objects.has(identity)) return [];
        return [{ path, identity, catalog: CATALOGS[object.type], oid: was.oid, relation: object.relation ?? null }];
      }
      if (target === undefined) return [];
      const [was, is] = [before, after].map(({ facts }) => facts.get(factsKey(target))?.oid ?? null);
      if (was === null || was === undefined || is === null || was === is) return [];
      return [{ path, identity, catalog: CATALOGS[target.keyword], oid: String(was), relation: null }];
    }),
  );
  if (suspects.length === 0) return;
  const { rows: moved } = await run.client.query<{ path: string; identity: string; now: string }>(MOVED, [
    JSON.stringify(suspects),
  ]);
  if (moved.length === 0) return;
  const paths = [...new Set(moved.map(({ path }) => path))];
  throw new TmDbError(
    "OBJECT_HELD",
    "a migration has given another name to what files hold, and its own to something else",
    {
      problems: moved.map(({ path, identity, now }) => ({ message: `${path}: ${identity} is ${now} now` })),
      hint: [
        "put this at the head of that migration, and the files are applied again after it:",
        ...paths.map((path) => `-- tm-db: retract ${path}`),
      ].join("\n"),
    },
  );
}

/** What a file made or set something of, by what it was before. */
interface Suspect {
  readonly path: string;
  readonly identity: string;
  readonly catalog: string;
  readonly oid: string;
  /** The table of a trigger or policy, as the file names it. */
  readonly relation: string | null;
}

const CATALOGS = {
  function: "pg_proc",
  procedure: "pg_proc",
  routine: "pg_proc",
  view: "pg_class",
  table: "pg_class",
  sequence: "pg_class",
  trigger: "pg_trigger",
  policy: "pg_policy",
  schema: "pg_namespace",
  type: "pg_type",
} as const;

const MOVED = `
select m.path, m.identity, pg_catalog.pg_describe_object(c.oid, m.oid, 0) as now
from jsonb_to_recordset($1::jsonb) as m (path text, identity text, catalog text, oid oid, relation text)
join pg_catalog.pg_class as c on c.relname = m.catalog and c.relnamespace = 'pg_catalog'::regnamespace
where pg_catalog.pg_describe_object(c.oid, m.oid, 0) is not null
  and (m.relation is null or to_regclass(m.relation) is not null)
order by m.path, m.identity`;

async function readPrints(client: DatabaseClient, made: readonly Made[]): Promise<Map<string, ObjectPrint>> {
  const objects = made.flatMap(({ identity, object }) =>
    object === undefined ? [] : [{ identity, type: object.type, name: object.name, relation: object.relation ?? null }],
  );
  if (objects.length === 0) return new Map();
  const { rows } = await client.query<ObjectPrint & { identity: string }>(PRINTS, [JSON.stringify(objects)]);
  return new Map(rows.map(({ identity, oid, self, columns }) => [identity, { oid, self, columns }]));
}

/** Row by row, each found by an index: joined, `pg_attribute` would be read from end to end for each object. */
const PRINTS = `
with made as (
  select
    m.identity,
    case when m.type in ('function', 'procedure') then ${routineOid("m.name")} end as routine,
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

/**
 * Takes back all files whose objects a database that is built from nothing would make after the migration that has changed
 * the defaults: they have the privileges of the old ones, and come again with those of the new. A file that a migration so
 * far needs stands before it there too, and keeps what it has.
 */
export async function leaveOldDefaults(run: DeploymentRun, needed: ReadonlySet<string>): Promise<void> {
  const paths = run.applied.flatMap(({ path, made }) =>
    !needed.has(path) && made.some(({ object }) => object !== undefined && object.relation === undefined) ? [path] : [],
  );
  if (paths.length === 0) return;
  await run.takeBack({ paths, keepable: new Set(), onHeld: "leave" }, await run.readDependencies());
}
