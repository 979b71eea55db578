import type { RepeatableFile } from "../core/project-files.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import { isPermissionDenied } from "../db/run-script.ts";
import { aclChanges, aclOf, grantKey } from "./acl-changes.ts";
import { commentIdentity, objectTarget, type TargetObject } from "./declaration.ts";
import { factsKey } from "./facts.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import { parseSql } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun } from "./run.ts";
import { readTraits, type Traits } from "./traits.ts";
import { type AclEntry, literalOrNull, type ObjectFacts } from "./undo.ts";

/**
 * What was granted on functions and views of files that migrations need, and said of them, before such a file is made anew.
 * Those migrations ran when the file stood, and will not run again: what they said is not in the file.
 */
export interface SaidByMigrations {
  readonly files: readonly AppliedRepeatable[];
  readonly facts: ReadonlyMap<string, ObjectFacts>;
  readonly traits: ReadonlyMap<string, Traits>;
}

/** Reads it, of those files that stand; undefined where there are none. */
export async function readSaid(run: DeploymentRun, needed: ReadonlySet<string>): Promise<SaidByMigrations | undefined> {
  const files = run.applied.filter(({ path }) => needed.has(path));
  const targets = files.flatMap(objectsOf);
  if (targets.length === 0) return undefined;
  const facts = await run.readFacts(targets, new Set());
  return { files, facts, traits: await readTraits(run.client, targets) };
}

/** Says it again of what was made anew; but what files say otherwise than before is as they say. */
export async function sayAgain(
  run: DeploymentRun,
  said: SaidByMigrations,
  changed: { readonly before: readonly RepeatableFile[]; readonly after: readonly RepeatableFile[] },
): Promise<void> {
  const now = new Map(run.applied.map((file) => [file.path, file]));
  const files = said.files.filter((file) => now.has(file.path) && now.get(file.path) !== file);
  const traits = await readTraits(run.client, files.flatMap(objectsOf));
  const anew = files
    .flatMap(objectsOf)
    .filter((target) => said.traits.has(factsKey(target)) && traits.has(factsKey(target)));
  if (anew.length === 0) return;
  const runAll = async (statements: readonly string[]): Promise<void> =>
    void (statements.length > 0 && (await run.client.query(statements.join(";\n"))));
  const optionsOf = optionsSaid([...files, ...changed.after]);
  await runAll(anew.flatMap((target) => traitsAgain(target, { was: said.traits, is: traits, optionsOf }))).catch(
    (error: unknown) => {
      throw isPermissionDenied(error) ? mayNotAgain(files, error) : error;
    },
  );
  // With another owner, others have its privileges.
  const facts = await run.readFacts(anew, new Set());
  const contested = differingSayings(changed);
  await runAll(
    anew.flatMap((target) => {
      const [was, is] = [said.facts.get(factsKey(target)), facts.get(factsKey(target))];
      const columns = traits.get(factsKey(target))?.columns.map(({ name }) => name) ?? [];
      return was === undefined || is === undefined ? [] : factsAgain(target, { was, is, columns, contested });
    }),
  );
}

/** A migration may have granted what that takes, and taken it back. */
function mayNotAgain(files: readonly AppliedRepeatable[], cause: Error): TmDbError {
  const paths = files.map(({ path }) => path).join(", ");
  return new TmDbError(
    "PERMISSION_DENIED",
    `what a migration made of ${paths} cannot be made again: ${cause.message}`,
    {
      detail: "its objects are made anew, and would not belong to whom the migration gave them",
      hint: "in a new migration, let the new owner create in that schema, or give the objects back to the role that deploys: npx tm-db new <name>",
      cause,
    },
  );
}

function traitsAgain(
  target: TargetObject,
  given: {
    readonly was: ReadonlyMap<string, Traits>;
    readonly is: ReadonlyMap<string, Traits>;
    /** By the name of a view, the options that files say. */
    readonly optionsOf: ReadonlyMap<string, ReadonlySet<string>>;
  },
): string[] {
  const [was, is] = [given.was.get(factsKey(target)), given.is.get(factsKey(target))];
  if (was === undefined || is === undefined) return [];
  const subject = `${wordOf(target)} ${target.name}`;
  const inFiles = given.optionsOf.get(target.name);
  // `with check option` is a part of what a view is.
  const options = was.options.filter(
    (option) => inFiles?.has(option.split("=")[0] ?? "") !== true && !option.startsWith("check_option="),
  );
  const defaults = new Map(was.columns.map((column) => [column.name, column.default]));
  return [
    ...(was.owner === is.owner ? [] : [`alter ${subject} owner to ${quoteIdent(was.owner)}`]),
    ...(options.length === 0 ? [] : [`alter ${subject} set (${options.join(", ")})`]),
    ...is.columns.flatMap(({ name }) => {
      const expression = defaults.get(name) ?? null;
      return expression === null ? [] : [`alter ${subject} alter column ${quoteIdent(name)} set default ${expression}`];
    }),
  ];
}

function factsAgain(
  target: TargetObject,
  given: {
    readonly was: ObjectFacts;
    readonly is: ObjectFacts;
    readonly columns: readonly string[];
    /** Identities of what files say otherwise than before. */
    readonly contested: ReadonlySet<string>;
  },
): string[] {
  const { was, is, columns, contested } = given;
  const ofFiles = new Set(
    [...contested].flatMap((identity) => [...aclOf(identity, was), ...aclOf(identity, is)].map(grantKey)),
  );
  const ofMigrations = ({ acl }: ObjectFacts): AclEntry[] =>
    acl.filter((entry) => !ofFiles.has(grantKey(entry)) && (entry.column === null || columns.includes(entry.column)));
  const commentOf = ({ parts }: ObjectFacts, column: string): string | undefined =>
    parts.find(({ kind, name }) => kind === "column" && name === column)?.comment;
  const isSaid = (part: Parameters<typeof commentIdentity>[1]): boolean => contested.has(commentIdentity(target, part));
  return [
    ...aclChanges(is, { from: ofMigrations(is), to: ofMigrations(was) }),
    ...(was.comment === is.comment || isSaid({ kind: "self" })
      ? []
      : [`comment on ${wordOf(target)} ${target.name} is ${literalOrNull(was.comment)}`]),
    ...columns
      .filter((name) => commentOf(was, name) !== commentOf(is, name) && !isSaid({ kind: "column", name }))
      .map((name) => `comment on column ${target.name}.${quoteIdent(name)} is ${literalOrNull(commentOf(was, name))}`),
  ];
}

/** The files of either side that the other has not. */
export function differing(
  before: readonly RepeatableFile[],
  after: readonly RepeatableFile[],
): { readonly before: readonly RepeatableFile[]; readonly after: readonly RepeatableFile[] } {
  const keyOf = ({ path, checksum }: RepeatableFile): string => `${checksum} ${path}`;
  const [old, next] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return {
    before: before.filter((file) => !next.has(keyOf(file))),
    after: after.filter((file) => !old.has(keyOf(file))),
  };
}

/** Functions and views of a file. */
function objectsOf({ made }: AppliedRepeatable): TargetObject[] {
  return made.flatMap(({ object }) => (object === undefined ? [] : objectTarget(object)));
}

function wordOf({ keyword }: TargetObject): string {
  return keyword === "table" ? "view" : keyword;
}

/** The identities of privileges and comments that only one side says, or says otherwise. */
function differingSayings({
  before,
  after,
}: {
  readonly before: readonly RepeatableFile[];
  readonly after: readonly RepeatableFile[];
}): Set<string> {
  const [olds, news] = [sayingsOf(before), sayingsOf(after)];
  return new Set([...olds.keys(), ...news.keys()].filter((identity) => olds.get(identity) !== news.get(identity)));
}

/** By identity, how it is said; of a comment, with its text. */
function sayingsOf(files: readonly RepeatableFile[]): Map<string, string> {
  const sayings = new Map<string, string>();
  for (const { file, declarations } of declareFiles(files)) {
    const isAny = declarations.some(({ declaration: { kind } }) => kind === "comment");
    const statements = new Map((isAny ? parseSql(file) : []).map(({ start, sql }) => [start, sql]));
    for (const { declaration, start } of declarations) {
      if (declaration.kind === "privilege") sayings.set(declaration.identity, JSON.stringify(declaration));
      if (declaration.kind === "comment") sayings.set(declaration.identity, statements.get(start) ?? "");
    }
  }
  return sayings;
}

/** By the name of a view, the options that files say in some version. */
function optionsSaid(files: readonly RepeatableFile[]): Map<string, Set<string>> {
  const said = new Map<string, Set<string>>();
  for (const { node } of files.flatMap((file) => parseSql(file))) {
    if (!("ViewStmt" in node)) continue;
    const { view, options = [] } = node.ViewStmt;
    const name = quoteName(view?.schemaname ?? "", view?.relname ?? "");
    const names = options.flatMap((option) => ("DefElem" in option ? (option.DefElem.defname ?? []) : []));
    said.set(name, new Set([...(said.get(name) ?? []), ...names]));
  }
  return said;
}
