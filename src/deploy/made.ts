import { type Declaration, objectTarget, type TargetObject } from "./declaration.ts";
import { factsKey } from "./facts.ts";
import type { Made } from "./ledger-state.ts";
import type { DeclaredFile } from "./repeatable.ts";
import { type ObjectFacts, undoStatement } from "./undo.ts";

/** What has to be known before files are applied: the objects that they are about, and the keys of those that they will make. */
export function aboutTargets(
  files: readonly DeclaredFile[],
  kept: ReadonlySet<string>,
): [targets: TargetObject[], made: Set<string>] {
  const declarations = files.flatMap((file) => file.declarations.map(({ declaration }) => declaration));
  return [declarations.flatMap(targetOf), new Set(declarations.flatMap((declaration) => newTarget(declaration, kept)))];
}

/** What the ledger will hold of a file: each thing that it makes, and what takes it back. */
export function madeBy(file: DeclaredFile, facts: ReadonlyMap<string, ObjectFacts>): Made[] {
  return file.declarations.map(({ declaration }) => {
    const [target] = targetOf(declaration);
    const undo = undoStatement(declaration, target === undefined ? undefined : facts.get(factsKey(target)));
    const base = { identity: declaration.identity, undo };
    if (declaration.kind !== "create") return target === undefined ? base : { ...base, target };
    const { object, signature } = declaration;
    return signature === undefined ? { ...base, object } : { ...base, object, signature };
  });
}

/** What the files themselves make: it is not there yet, unless it is replaced in place. */
function newTarget(declaration: Declaration, kept: ReadonlySet<string>): string[] {
  if (declaration.kind !== "create" || kept.has(declaration.identity)) return [];
  return objectTarget(declaration.object).map(factsKey);
}

function targetOf(declaration: Declaration): TargetObject[] {
  switch (declaration.kind) {
    case "create":
      return [];
    case "row-security":
      return [{ keyword: "table", name: declaration.table }];
    default:
      return [declaration.target];
  }
}
