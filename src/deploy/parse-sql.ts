import { setFlagsFromString } from "node:v8";
import type { Node, RawStmt } from "libpg-query";
import { TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import { maskSql } from "../core/mask-sql.ts";
import type { SourceFile } from "../core/project-files.ts";

/** A statement as PostgreSQL's own parser read it, and where it stands in its file (in characters). */
export interface ParsedStatement {
  readonly node: Node;
  readonly start: number;
  readonly end: number;
  readonly sql: string;
}

let parser: typeof import("libpg-query") | undefined;

/** Loads the parser (a WebAssembly module, some tens of milliseconds); needed once before `parseSql`. */
export async function loadSqlParser(): Promise<void> {
  if (parser !== undefined) return;
  // A few files are parsed once: V8's second, optimising compiler costs more than it saves, and so does looking through
  // a module that comes with this program for mistakes. Not sooner: under other flags than its own, Node compiles its
  // modules anew. (bin/load-compiled.cjs sets them back at the end.)
  setFlagsFromString("--liftoff-only");
  setFlagsFromString("--wasm-lazy-validation");
  const loaded = await import("libpg-query");
  await loaded.loadModule();
  parser = loaded;
}

/**
 * Parses a file's SQL.
 * @throws TmDbError SQL_ERROR with the place of the syntax error, in PostgreSQL's own words.
 */
export function parseSql(file: Pick<SourceFile, "path" | "text">): ParsedStatement[] {
  if (parser === undefined) throw new Error("loadSqlParser was not called");
  // The parser's wrapper calls an empty text an error.
  if (file.text.trim() === "") return [];
  let statements: readonly RawStmt[];
  try {
    statements = parser.parseSync(file.text).stmts ?? [];
  } catch (error) {
    if (!parser.hasSqlDetails(error)) throw error;
    throw new TmDbError("SQL_ERROR", error.sqlDetails?.message ?? error.message, {
      location: locate(file.path, file.text, error.sqlDetails?.cursorPosition ?? 0),
      sqlState: "42601",
      hint: `mend the statement in ${file.path} and run the command again`,
      cause: error,
    });
  }
  const toOffset = byteOffsets(file.text);
  const visible = maskSql(file.text, { comments: true });
  return statements.flatMap((statement) => {
    if (statement.stmt === undefined) return [];
    const from = statement.stmt_location ?? 0;
    const to = statement.stmt_len === undefined || statement.stmt_len === 0 ? Infinity : from + statement.stmt_len;
    const end = toOffset(to);
    // The parser counts the comments before a statement as part of it; a caret should not point at them.
    const start = toOffset(from) + (/\S/.exec(visible.slice(toOffset(from), end))?.index ?? 0);
    return [{ node: statement.stmt, start, end, sql: file.text.slice(start, end).trimEnd() }];
  });
}

/** From the parser's UTF-8 bytes to the UTF-16 units that JavaScript counts in. */
export function byteOffsets(text: string): (bytes: number) => number {
  if (Buffer.byteLength(text) === text.length) return (bytes) => Math.min(bytes, text.length);
  const buffer = Buffer.from(text);
  return (bytes) => (bytes >= buffer.length ? text.length : buffer.subarray(0, bytes).toString().length);
}
