import type { RepeatableFile } from "../core/project-files.ts";
import { quoteLiteral } from "../core/quote-ident.ts";
import { aclChanges } from "./acl-changes.ts";
import { objectTarget, type TargetObject } from "./declaration.ts";
import { factsKey } from "./facts.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun } from "./run.ts";
import type { ObjectFacts } from "./undo.ts";

/**
 * What was granted on objects of files that migrations need, and said of them, before such a file is made anew. Those
 * migrations ran when the file stood, and will not run again: what they granted and revoked is not in the file.
 */
export interface SaidByMigrations {
  readonly files: readonly AppliedRepeatable[];
  readonly facts: ReadonlyMap<string, ObjectFacts>;
}

/** Reads it, of those files that stand; undefined where there are none. */
export async function readSaid(run: DeploymentRun, needed: ReadonlySet<string>): Promise<SaidByMigrations | undefined> {
  const files = run.applied.filter(({ path }) => needed.has(path));
  const targets = files.flatMap(objectsOf);
  if (targets.length === 0) return undefined;
  return { files, facts: await run.readFacts(targets, new Set()) };
}

/**
 * Says it again of what was made anew. Where files say something else of an object than before, nobody knows what of its
 * privileges was theirs: then it is as they say.
 */
export async function sayAgain(
  run: DeploymentRun,
  said: SaidByMigrations,
  changed: { readonly before: readonly RepeatableFile[]; readonly after: readonly RepeatableFile[] },
): Promise<void> {
  const now = new Map(run.applied.map((file) => [file.path, file]));
  const anew = said.files.filter((file) => now.has(file.path) && now.get(file.path) !== file).flatMap(objectsOf);
  if (anew.length === 0) return;
  const [olds, news] = [sayingsOf(changed.before), sayingsOf(changed.after)];
  const facts = await run.readFacts(anew, new Set());
  const statements = anew.flatMap((target) => {
    const [was, is] = [said.facts.get(factsKey(target)), facts.get(factsKey(target))];
    const isSame = olds.get(target.name) === news.get(target.name);
    if (was === undefined || is === undefined || is.oid === null || was.oid === is.oid || !isSame) return [];
    const comment = was.comment === null ? "null" : quoteLiteral(was.comment);
    return [
      ...aclChanges(is, { from: is.acl, to: was.acl }),
      ...(was.comment === is.comment ? [] : [`comment on ${commentWord(target)} ${target.name} is ${comment}`]),
    ];
  });
  if (statements.length > 0) await run.client.query(statements.join(";\n"));
}

/** Functions and views of a file. */
function objectsOf({ made }: AppliedRepeatable): TargetObject[] {
  return made.flatMap(({ object }) => (object === undefined ? [] : objectTarget(object)));
}

function commentWord({ keyword }: TargetObject): string {
  return keyword === "table" ? "view" : keyword;
}

/** By the name of an object, what files grant, revoke and comment on it. */
function sayingsOf(files: readonly RepeatableFile[]): Map<string, string> {
  const sayings = new Map<string, string>();
  for (const { declarations } of declareFiles(files)) {
    for (const { declaration } of declarations) {
      if (declaration.kind !== "privilege" && declaration.kind !== "comment") continue;
      const { name } = declaration.target;
      sayings.set(name, `${sayings.get(name) ?? ""}${JSON.stringify(declaration)}\n`);
    }
  }
  return sayings;
}
