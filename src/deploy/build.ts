import { readDirectives } from "../core/directives.ts";
import { maskSql } from "../core/mask-sql.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import { applyDeployment, type PreparedMigration } from "./apply.ts";
import type { MigrationEntry } from "./ledger-state.ts";
import { loadSqlParser, type ParsedStatement, parseSql } from "./parse-sql.ts";
import type { DeploymentRun } from "./run.ts";

/** Files that were deployed, or shall be looked at as if they were. */
export interface BuildFiles {
  /** In the order in which they ran. */
  readonly migrations: readonly PreparedMigration[];
  readonly repeatables: readonly RepeatableFile[];
}

/** Migrations as the ledger keeps them, ready to run once more. */
export function preparedFromLedger(entries: readonly MigrationEntry[]): PreparedMigration[] {
  return entries.map((entry) => {
    const { name, path, text, upSql } = entry;
    const language = path.endsWith(".sql") ? "sql" : "script";
    const offset = Math.max(0, text.indexOf(upSql));
    return {
      // An applied migration always has a checksum here: those without are of node-pg-migrate, and were never seen.
      file: { name, path, text, checksum: entry.checksum ?? "", language, directives: readDirectives(entry, language) },
      entry,
      part: { sql: upSql, offset },
      noTransaction: false,
    };
  });
}

/**
 * Builds what files say in an empty database, in the caller's transaction and without a ledger. The transaction is
 * meant to be rolled back, and roles belong to the whole server: a `create role` of one that is there is passed over,
 * and `concurrently` and `vacuum`, which no transaction allows and which change nothing of the outcome, are left out.
 * @throws TmDbError SQL_ERROR and its like.
 */
export async function buildFromNothing(client: DatabaseClient, files: BuildFiles): Promise<DeploymentRun> {
  const roles = await readRoles(client);
  const migrations: PreparedMigration[] = [];
  for (const migration of files.migrations)
    migrations.push({ ...migration, part: { ...migration.part, sql: await forBuild(migration.part.sql, roles) } });
  return await applyDeployment(client, {
    plan: {
      migrations: files.migrations.map(({ file }) => file),
      apply: files.repeatables.map((file) => ({ file, reason: "new" })),
      remove: [],
    },
    migrations,
    files: { migrations: files.migrations.map(({ file }) => file), repeatables: files.repeatables },
    ledger: { exists: false, deployer: undefined, migrations: [], repeatables: [], unfinished: undefined },
    onMissing: "fail",
    onEvent: () => {},
  });
}

async function readRoles(client: DatabaseClient): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>("select rolname as name from pg_catalog.pg_roles");
  return new Set(rows.map(({ name }) => name));
}

/** SQL that can run in a transaction on a server that has its roles; nothing in it moves. */
export async function forBuild(sql: string, roles: ReadonlySet<string>): Promise<string> {
  if (!/\bcreate\s+(role|user|group)\b|\bvacuum\b/i.test(sql)) return withoutConcurrently(sql);
  await loadSqlParser();
  let result = sql;
  for (const { node, start, end } of parseSql({ path: "", text: sql })) {
    const isThere = "CreateRoleStmt" in node && roles.has(node.CreateRoleStmt.role ?? "");
    if (isThere || isVacuum(node)) result = blank(result, start, end - start);
  }
  return withoutConcurrently(result);
}

/** It changes nothing of what is built, and no transaction allows it. */
export function isVacuum(node: ParsedStatement["node"]): boolean {
  return "VacuumStmt" in node && node.VacuumStmt.is_vacuumcmd === true;
}

/** `create index concurrently` and its like, as they run in a transaction. */
export function withoutConcurrently(sql: string): string {
  const visible = maskSql(sql, { comments: true });
  let result = sql;
  // `reindex (concurrently)` has it among options.
  const words = /\(\s*concurrently\s*\)|\bconcurrently\s*,|,\s*concurrently\b|\bconcurrently\b/gi;
  for (const { index, 0: word } of visible.matchAll(words)) result = blank(result, index, word.length);
  return result;
}

function blank(text: string, start: number, length: number): string {
  return text.slice(0, start) + " ".repeat(length) + text.slice(start + length);
}
