import type { DeclaredFile } from "./repeatable.ts";

/** What is sent of a file. */
export interface FileSql {
  readonly sql: string;
  /** What was put into it besides the file's text: where its end lies, and how long it is. */
  readonly insertions: readonly { readonly at: number; readonly length: number }[];
}

const BEFORE_FILE = "savepoint tm_db_file;\n";
const AFTER_FILE = "\n;\nrelease savepoint tm_db_file";

/**
 * A file's SQL as it is sent, where asked for in one message with its savepoint: functions that stay are replaced in
 * place, everything else is created and must not be there yet, whether the file says `or replace` or not.
 */
export function fileSql(
  { file, declarations }: DeclaredFile,
  { kept, savepoints }: { readonly kept: ReadonlySet<string>; readonly savepoints: boolean },
): FileSql {
  const [before, after] = savepoints ? [BEFORE_FILE, AFTER_FILE] : ["", ""];
  const insertions = [{ at: before.length, length: before.length }];
  let sql = before;
  let from = 0;
  for (const { declaration, start } of declarations) {
    if (declaration.kind !== "create") continue;
    const words = /^create(\s+or\s+replace)?/i.exec(file.text.slice(start));
    if (words === null) continue;
    const [phrase, orReplace] = words;
    const afterCreate = start + "create".length;
    sql += file.text.slice(from, afterCreate);
    from = start + phrase.length;
    if (kept.has(declaration.identity)) {
      sql += orReplace ?? " or replace";
      if (orReplace === undefined) insertions.push({ at: sql.length, length: " or replace".length });
    } else sql += " ".repeat(orReplace?.length ?? 0);
  }
  return { sql: sql + file.text.slice(from) + after, insertions };
}
