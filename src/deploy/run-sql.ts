import type { DatabaseClient } from "../db/client.ts";
import { type SourceLocation, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import { isDatabaseError, runScript, ScriptError, type ScriptRow } from "../db/run-script.ts";
import { sqlError } from "../db/sql-error.ts";
import type { SqlPart } from "./migration-sql.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";

/** Where a piece of SQL comes from: its file's whole text, and the part of it that is run. */
export interface SqlSource {
  readonly path: string;
  readonly text: string;
  readonly part: SqlPart;
  /** What was put into the part besides the file's text: where its end lies in the part, and how long it is. */
  readonly insertions?: readonly { readonly at: number; readonly length: number }[];
}

/**
 * Runs a part of a file. Returns the rows that its last statement answers with.
 * @throws TmDbError SQL_ERROR with the place in the file, and PostgreSQL's own detail and hint.
 */
export async function runSql(client: DatabaseClient, source: SqlSource): Promise<readonly ScriptRow[]> {
  try {
    return await runScript(client, source.part.sql);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw sqlError(error.cause, await findPlace(error, source));
  }
}

/** From the position PostgreSQL gives, or else from the count of the statements that had succeeded. */
async function findPlace(error: ScriptError, source: SqlSource): Promise<SourceLocation> {
  const { path, text, part } = source;
  const position = Number(error.cause.position);
  if (Number.isInteger(position) && position > 0) {
    const before = [...part.sql].slice(0, position - 1).join("");
    return locate(path, text, part.offset + before.length - insertedBefore(source, before.length));
  }
  await loadSqlParser();
  let start = 0;
  try {
    start = parseSql({ path, text: part.sql })[error.completed]?.start ?? 0;
  } catch {
    // What this parser cannot read, the server could: then the start of the part has to do.
  }
  return locate(path, text, part.offset + start - insertedBefore(source, start));
}

function insertedBefore(source: SqlSource, offset: number): number {
  return (source.insertions ?? []).reduce((sum, { at, length }) => (at <= offset ? sum + length : sum), 0);
}

/** Whether a statement failed because something it names is not there (yet, or any more). */
export function isMissingObject(error: unknown): boolean {
  const cause = error instanceof TmDbError ? error.cause : error;
  return isDatabaseError(cause) && MISSING_OBJECT.has(cause.code ?? "");
}

/** undefined_table, undefined_function, undefined_object, undefined_column, invalid_schema_name, datatype_mismatch's kin excluded. */
const MISSING_OBJECT = new Set(["42P01", "42883", "42704", "42703", "3F000"]);
