import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import type { PreparedMigration } from "./apply.ts";
import { onlyPart } from "./migration-sql.ts";
import { loadSqlParser, type ParsedStatement, parseSql } from "./parse-sql.ts";
import { runSql, sourceOf } from "./run-sql.ts";
import { clearUnfinished, countStatement, resolveHint } from "./unfinished.ts";

/**
 * Runs a migration that cannot run in a transaction, statement by statement: several in one message would be one.
 * `markUnfinished` was committed before. When nothing can have happened, the mark is taken away again.
 * @throws TmDbError SQL_ERROR and its like, INTERRUPTED after `signal`; then it says what is left to do.
 */
export async function runAlone(
  client: DatabaseClient,
  migration: PreparedMigration,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { entry, part } = migration;
  await loadSqlParser();
  const source = sourceOf(entry, part);
  let statements;
  try {
    statements = parseSql({ path: source.path, text: onlyPart(source.text, source.part) });
  } catch (error) {
    await clearUnfinished(client, entry.name);
    throw error;
  }
  for (const [index, { node, sql, start }] of statements.entries()) {
    try {
      await runSql(client, { ...source, part: { sql, offset: start } });
    } catch (error) {
      if (!(error instanceof TmDbError)) throw error;
      if (index === 0 && !mayCommit(node, sql) && !/\bconcurrently\b/i.test(sql)) {
        await clearUnfinished(client, entry.name);
        throw error;
      }
      const explained = await explain(client, error, { name: entry.name, done: index, all: statements.length });
      if (signal?.aborted !== true) throw explained;
      // Whoever sees the signal would else say that everything was rolled back.
      throw explained.with({
        code: "INTERRUPTED",
        message: `interrupted within ${entry.path}, outside of a transaction`,
      });
    }
    await countStatement(client, entry.name);
  }
}

/** Whether a statement may have done a part of its work when it fails: a procedure that commits, or table by table. */
function mayCommit(node: ParsedStatement["node"], sql: string): boolean {
  if ("DoStmt" in node) return /\b(commit|call|execute)\b/i.test(sql);
  return ["CallStmt", "VacuumStmt", "ClusterStmt", "ReindexStmt"].some((kind) => kind in node);
}

async function explain(
  client: DatabaseClient,
  error: TmDbError,
  { name, done, all }: { readonly name: string; readonly done: number; readonly all: number },
): Promise<TmDbError> {
  const invalid = await findInvalidIndexes(client).catch(() => []);
  const detail = [
    error.detail,
    `${done} of its ${all} statement(s) have run, and stay`,
    ...invalid.map((index) => `an invalid index is there: drop index concurrently ${index};`),
  ];
  return error.with({ detail: detail.filter((line) => line !== undefined).join("\n"), hint: resolveHint(name) });
}

/** What `create index concurrently` leaves when it fails. */
async function findInvalidIndexes(client: DatabaseClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_catalog.pg_index as i
     join pg_catalog.pg_class as c on c.oid = i.indexrelid
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where not i.indisvalid
     order by 1`,
  );
  return rows.map(({ name }) => name);
}
