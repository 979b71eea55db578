import type { ImportResult } from "../core/command-result.ts";
import { plural } from "./format.ts";
import type { Style } from "./style.ts";

/** Each file that was written, with what a person should know of it. */
export function importLines({ files, skipped, dryRun }: ImportResult, style: Style): string[] {
  const verb = dryRun ? "would write" : "wrote";
  return [
    ...files.flatMap(({ from, to, notes }) => [
      `  ${verb}  ${to} ${style.dim(`from ${from}`)}`,
      ...notes.map((note) => `    ${style.yellow("note")} ${note}`),
    ]),
    ...skipped.map((path) => `  ${style.yellow("left")}  ${path}: its name is no migration's`),
    dryRun
      ? `${plural(files.length, "file")} to write; nothing was written`
      : `${style.green("imported")} ${plural(files.length, "file")}; read ${files.length === 1 ? "it" : "them"}, then: npx tm-db migrate --dry-run`,
  ];
}
