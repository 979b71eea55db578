import type { DatabaseClient } from "../db/client.ts";
import { type SourceLocation, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import {
  isDatabaseError,
  runScript,
  runScripts,
  ScriptError,
  type ScriptListener,
  type ScriptRow,
} from "../db/run-script.ts";
import { sqlError } from "../db/sql-error.ts";
import type { MigrationEntry } from "./ledger-state.ts";
import type { SqlPart } from "./migration-sql.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";

/** Where a piece of SQL comes from: its file's whole text, and the part of it that is run. */
export interface SqlSource {
  readonly path: string;
  readonly text: string;
  readonly part: SqlPart;
  /** What was put into the part besides the file's text: where its end lies in the part, and how long it is. */
  readonly insertions?: readonly { readonly at: number; readonly length: number }[];
  /** Where the file's own text ends in the part, if something was put behind it: its last statement is to blame for that. */
  readonly end?: number;
}

/** What is run of a migration. The SQL that a script builds stands in no file: places are those of that SQL. */
export function sourceOf(entry: Pick<MigrationEntry, "path" | "text">, part: SqlPart): SqlSource {
  if (entry.path.endsWith(".sql")) return { path: entry.path, text: entry.text, part };
  return { path: `the SQL of ${entry.path}`, text: part.sql, part: { sql: part.sql, offset: 0 } };
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

/**
 * Runs parts of files one behind the other, in a transaction. Returns the first that PostgreSQL refused, with its error
 * in the form of `runSql`; none of those behind it has run.
 */
export async function runSqls(
  client: DatabaseClient,
  sources: readonly SqlSource[],
  listener: ScriptListener,
): Promise<{ readonly index: number; readonly error: TmDbError } | undefined> {
  const scripts = sources.map(({ part }) => part.sql);
  const failure = await runScripts(client, scripts, listener);
  const source = failure === undefined ? undefined : sources[failure.index];
  if (failure === undefined || source === undefined) return undefined;
  return { index: failure.index, error: sqlError(failure.error.cause, await findPlace(failure.error, source)) };
}

/** From the position PostgreSQL gives, or else from the count of the statements that had succeeded. */
async function findPlace(error: ScriptError, source: SqlSource): Promise<SourceLocation> {
  const { path, text, part, end = part.sql.length } = source;
  const position = Number(error.cause.position);
  if (Number.isInteger(position) && position > 0) {
    const before = [...part.sql].slice(0, position - 1).join("");
    return locate(path, text, part.offset + before.length - insertedBefore(source, before.length));
  }
  await loadSqlParser();
  let start = 0;
  try {
    const own = parseSql({ path, text: part.sql }).filter((statement) => statement.start < end);
    start = (own[error.completed] ?? own.at(-1))?.start ?? 0;
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
  if (!isDatabaseError(cause)) return false;
  // A value of an enum is an object too, which a migration adds; its absence has the code of any malformed text.
  return MISSING_OBJECT.has(cause.code ?? "") || (cause.code === "22P02" && cause.routine === "enum_in");
}

/** undefined_table, undefined_function, undefined_object, undefined_column, invalid_schema_name, datatype_mismatch's kin excluded. */
const MISSING_OBJECT = new Set(["42P01", "42883", "42704", "42703", "3F000"]);
