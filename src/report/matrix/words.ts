import { assertNever } from "../../core/errors.ts";
import { type Ended, type LocatedChange, ROW_CLASSES, type RowCounts } from "../../core/matrix.ts";
import { plural } from "../format.ts";

/** How an attempt ended, in as few words as say it. */
export function endedWords(ended: Ended): string {
  switch (ended.kind) {
    case "rows":
      return countWords(ended.rows) + (ended.otherwise === undefined ? "" : ` (else ${ended.otherwise})`);
    case "ran":
      return "ran";
    case "denied":
      return "no privilege";
    case "refused":
      return "refused";
    case "error":
      return `error ${ended.sqlState}${ended.by === "pre-request" ? " before it" : ""}`;
    case "undecided":
      return "undecided";
    default:
      return assertNever(ended);
  }
}

/** `own 1/1, other 0/2`; `3/3` where rows are not told apart; `3 rows` where nobody knows of how many. */
function countWords(rows: RowCounts): string {
  const words = ROW_CLASSES.flatMap((name) => {
    const [reached, of] = rows[name] ?? [];
    if (reached === undefined || of === undefined) return [];
    const count = of === null ? plural(reached, "row") : `${reached}/${of}`;
    return [name === "all" ? count : `${name} ${count}`];
  });
  return words.join(", ");
}

/** Changes that say the same of several people, as one sentence. */
export interface ChangeSentence {
  readonly kind: LocatedChange["kind"];
  readonly text: string;
  readonly causes: LocatedChange["causes"];
}

export function changeSentences(changes: readonly LocatedChange[]): ChangeSentence[] {
  const groups = new Map<string, LocatedChange[]>();
  for (const change of changes) {
    const key = JSON.stringify([change.kind, predicate(change)]);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const causes = new Map(
      group.flatMap((change) => change.causes).map((cause) => [JSON.stringify(cause.location), cause] as const),
    );
    const people = nameList(group.map(({ persona }) => persona));
    return [{ kind: first.kind, text: `${people} ${predicate(first)}`, causes: [...causes.values()] }];
  });
}

function predicate({ kind, subject, action, variant, before, after, columns }: LocatedChange): string {
  const what = `${action.toUpperCase()} ${subject}${variant === "" ? "" : ` (${variant})`}`;
  if (columns.length > 0) return `can ${kind === "opened" ? "now" : "no longer"} ${what}: ${columns.join(", ")}`;
  const difference = `${before === null ? "no such cell" : endedWords(before)} → ${after === null ? "no such cell" : endedWords(after)}`;
  const isMore = before?.kind === "rows" && after?.kind === "rows";
  switch (kind) {
    case "opened":
      return `can now ${what}${isMore && reaches(before) ? ", more of it" : ""}: ${difference}`;
    case "closed":
      return isMore && reaches(after)
        ? `can now ${what}, less of it: ${difference}`
        : `can no longer ${what}: ${difference}`;
    case "other":
      if (before === null && after !== null) return `${what}, newly asked: ${endedWords(after)}`;
      if (after === null && before !== null) return `${what}, no longer asked: ${endedWords(before)}`;
      return `${what}: ${difference}`;
    default:
      return assertNever(kind);
  }
}

const reaches = ({ rows }: { readonly rows: RowCounts }): boolean =>
  Object.values(rows).some(([reached]) => reached > 0);

/** `Adam`; `Adam and Cora`; `Adam, Cora and Olga`. */
export function nameList(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
