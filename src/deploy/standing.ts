import { isDeepStrictEqual } from "node:util";
import { escapePattern } from "../core/escape-pattern.ts";
import type { MigrationFile, RepeatableFile } from "../core/project-files.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { aclChanges, aclKey, aclOf } from "./acl-changes.ts";
import { factsKey } from "./facts.ts";
import type { AppliedRepeatable, Made } from "./ledger-state.ts";
import type { SqlPart } from "./migration-sql.ts";
import { loadSqlParser, type ParsedStatement, parseSql } from "./parse-sql.ts";
import { PrivilegeIndex, readPrivilege } from "./privilege-index.ts";
import { refuseMoved } from "./moved.ts";
import { readPrints, type Standing } from "./prints.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun } from "./run.ts";
import { readStatement } from "./statement.ts";
import type { ObjectFacts } from "./undo.ts";

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
 * give to another object, or rename, or say itself). Files that are `needed` by migrations before these stand in a fresh build as
 * well, so what is granted on all objects of a schema is granted on theirs.
 */
export async function findInTheWay(
  standing: readonly AppliedRepeatable[],
  given: {
    readonly wanted: readonly RepeatableFile[];
    readonly migrations: readonly ComingMigration[];
    readonly needed: ReadonlySet<string>;
  },
): Promise<string[]> {
  const { wanted, migrations, needed } = given;
  if (standing.length === 0 || migrations.length === 0) return [];
  await loadSqlParser();
  const statements = migrations.flatMap(statementsOf);
  const isSaid = saidBy(statements);
  const schemas = statements.flatMap(grantedWholes);
  const isOfWhole = ({ identity, target }: Made): boolean =>
    target !== undefined &&
    readPrivilege(identity) !== undefined &&
    schemas.some((schema) => target.name.startsWith(`${quoteIdent(schema)}.`));
  const byPath = new Map(wanted.map((file) => [file.path, file]));
  return standing.flatMap(({ path, checksum, made }) => {
    const isMet = made.some((entry) => isSaid(entry) || (isOfWhole(entry) && !needed.has(path)));
    const next = byPath.get(path);
    const isChanged = next !== undefined && next.checksum !== checksum;
    return isMet || (isChanged && leavesOut(made, next)) ? [path] : [];
  });
}

/** Whether one of these statements says what a file said, or a part of it. */
function saidBy(statements: readonly ParsedStatement[]): (entry: Made) => boolean {
  const said = statements.flatMap(identitiesOf);
  const exact = new Set(said);
  const privileges = new PrivilegeIndex();
  for (const identity of said) privileges.add(identity, "");
  return ({ identity }) => exact.has(identity) || privileges.overlapping(identity).length > 0;
}

/**
 * What files that stand while migrations run, since others need them, have said and these say again: from now on it is the
 * migrations' word, and does not go with the file. Only migrations in which the names of it stand are read.
 */
export async function alsoSaid(
  standing: readonly AppliedRepeatable[],
  migrations: readonly ComingMigration[],
): Promise<ReadonlySet<string>> {
  const entries = standing.flatMap(({ made }) => made.filter(({ target }) => target !== undefined));
  const words = new Set(entries.flatMap(({ target }) => (target === undefined ? [] : mentionOf(target.name))));
  const mentions = [...words].map((word) => new RegExp(word, "i"));
  // Statement by statement: a text of rows may be long, and say such words often.
  const mentioning = migrations.filter(({ part }) =>
    part.sql.split(";").some((piece) => ATTRIBUTES.test(piece) && mentions.some((mention) => mention.test(piece))),
  );
  if (mentioning.length === 0) return new Set();
  await loadSqlParser();
  const isSaid = saidBy(mentioning.flatMap(statementsOf));
  return new Set(entries.filter(isSaid).map(({ identity }) => identity));
}

/** How a statement may mention an object: a routine with its arguments. */
function mentionOf(quoted: string): string {
  const [, name = "", inParentheses] = /"((?:[^"]|"")*)"(\(.*\))?$/s.exec(quoted) ?? [];
  const end = inParentheses === undefined ? String.raw`\b` : String.raw`"?\s*\(`;
  return String.raw`\b${escapePattern(name.replaceAll('""', '"'))}${end}`;
}

function leavesOut(made: readonly Made[], next: RepeatableFile): boolean {
  const declared = declareFiles([next]).flatMap(({ declarations }) => declarations);
  const identities = new Set(declared.map(({ declaration }) => declaration.identity));
  return made.some(({ identity }) => !identities.has(identity));
}

const ATTRIBUTES = /\brow\s+level\s+security\b|\bgrant\b|\brevoke\b|\bcomment\s+on\b/i;

/** What a statement of a migration declares that a file might declare too: flags, privileges, comments. */
function identitiesOf({ node }: ParsedStatement): string[] {
  const reading = readStatement(node, "policies");
  return reading.kind === "declares" ? reading.declarations.map(({ identity }) => identity) : [];
}

/** Schemas in which a statement grants or revokes something on all objects of a kind. */
function grantedWholes({ node }: ParsedStatement): string[] {
  if (!("GrantStmt" in node) || node.GrantStmt.targtype !== "ACL_TARGET_ALL_IN_SCHEMA") return [];
  return (node.GrantStmt.objects ?? []).flatMap((object) => ("String" in object ? (object.String.sval ?? "") : []));
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
