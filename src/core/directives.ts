import { TmDbError } from "./errors.ts";
import { locate } from "./locate.ts";
import type { MigrationDirectives, SourceFile } from "./project-files.ts";

/**
 * Reads the `-- tm-db:` lines (in scripts: `// tm-db:`) at the head of a migration: the comment and blank lines before
 * its first statement. Later lines are not read, so that a text in a function's body can never be a directive.
 * @throws TmDbError MIGRATION_DIRECTIVE for one that is unknown or incomplete.
 */
export function readDirectives(
  file: Pick<SourceFile, "path" | "text">,
  language: "sql" | "script",
): MigrationDirectives {
  if (!file.text.includes("tm-db:")) return { needs: [], retract: [], noTransaction: false };
  const marker = language === "sql" ? "--" : "//";
  const needs: string[] = [];
  const retract: string[] = [];
  let noTransaction = false;
  let offset = 0;
  for (const line of file.text.split("\n")) {
    const content = line.trim();
    if (content !== "" && !content.startsWith(marker)) break;
    const match = /^\s*tm-db:\s*(\S*)\s*(.*)$/.exec(content.slice(marker.length));
    if (match !== null) {
      const [, word, path = ""] = match;
      const list = word === "needs" ? needs : word === "retract" ? retract : undefined;
      if (word === "no-transaction" && path === "") noTransaction = true;
      else if (list === undefined || path === "") {
        throw new TmDbError("MIGRATION_DIRECTIVE", `unknown directive: ${content}`, {
          location: locate(file.path, file.text, offset),
          hint: "known are: -- tm-db: needs <file>, -- tm-db: retract <file>, -- tm-db: no-transaction",
        });
      } else list.push(path.trim());
    }
    offset += line.length + 1;
  }
  if (noTransaction && needs.length + retract.length > 0) {
    throw new TmDbError("MIGRATION_DIRECTIVE", `${file.path}: no-transaction stands alone`, {
      location: locate(file.path, file.text, 0),
      hint: "move what needs or retracts files to a migration of its own before it",
    });
  }
  return { needs, retract, noTransaction };
}
