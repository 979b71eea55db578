import { maskSql } from "../core/mask-sql.ts";
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
    const statement = file.text.slice(start);
    const [phrase] = CREATE.exec(withoutComments(statement)) ?? [];
    if (phrase === undefined) continue;
    const orReplace = statement.slice("create".length, phrase.length);
    sql += file.text.slice(from, start + "create".length);
    from = start + phrase.length;
    if (!kept.has(declaration.identity)) sql += orReplace.replaceAll(/[^\n]/g, " ");
    else if (orReplace !== "") sql += orReplace;
    else {
      sql += " or replace";
      insertions.push({ at: sql.length, length: " or replace".length });
    }
  }
  return { sql: sql + file.text.slice(from) + after, insertions };
}

const CREATE = /^create(\s+or\s+replace)?/i;

/** Comments between the first words become blanks; where there are none, nothing is looked through. */
function withoutComments(statement: string): string {
  return /^create\s*(or\s*)?(--|\/\*)/i.test(statement) ? maskSql(statement, { comments: true }) : statement;
}
