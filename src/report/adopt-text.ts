import type { AdoptResult } from "../core/command-result.ts";
import { differenceLines, leftOutLines } from "./drift-text.ts";
import { plural } from "./format.ts";
import type { Style } from "./style.ts";

export function adoptLines(result: AdoptResult, style: Style): string[] {
  const { database, adopted, pending, differences, warnings, history, dryRun } = result;
  const word = dryRun ? "would adopt" : "adopted";
  const where = `${database.address} ${style.dim(`(PostgreSQL ${database.version}, ${database.source})`)}`;
  const files = plural(adopted.length, "file");
  const source = history === null ? "" : `, applied as ${history} says`;
  return [
    ...adopted.map((path) => `  ${word}  ${path}`),
    ...pending.map((path) => `  ${style.yellow("pending".padEnd(word.length))}  ${path}`),
    ...differenceLines(differences).map((line) => `  ${style.yellow("accepted")} ${line}`),
    `${dryRun ? "nothing was written:" : style.green(word)} ${files} of ${where}${source}`,
    ...leftOutLines(result, style),
    ...warnings.map((warning) => `${style.yellow("warning")} ${warning}`),
    ...(history === null || history === "tm_db.migrations" || dryRun
      ? []
      : [`${history} is not read any more; drop it in a migration when nothing else does`]),
  ];
}
