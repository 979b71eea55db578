import { quoteName } from "../core/quote-ident.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import { readDependencies } from "./dependencies.ts";
import type { AppliedRepeatable, Made } from "./ledger-state.ts";
import { loadSqlParser } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";

/** What another tool's table says has run here, in the order in which it ran. */
export interface ForeignHistory {
  readonly names: readonly string[];
}

/** Where node-pg-migrate keeps its migrations: `--migrations-schema` and `--migrations-table` of its own command line. */
export interface HistoryTable {
  readonly schema: string;
  readonly name: string;
}

/** Reads node-pg-migrate's table; undefined where there is none. */
export async function readForeignHistory(
  client: DatabaseClient,
  table: HistoryTable,
): Promise<ForeignHistory | undefined> {
  const quoted = quoteName(table.schema, table.name);
  const found = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [quoted]);
  if (found.rows[0]?.there !== true) return undefined;
  const { rows } = await client.query<{ name: string }>(`select name from ${quoted} order by run_on, id`);
  return { names: rows.map(({ name }) => name) };
}

/** The ledger's migrations get the times at which they ran. */
export async function keepRunTimes(client: DatabaseClient, table: HistoryTable): Promise<void> {
  const quoted = quoteName(table.schema, table.name);
  await client.query(
    `update tm_db.migrations as m set run_on = h.run_on from ${quoted} as h where h.name = m.name and h.run_on <> m.run_on`,
  );
}

/**
 * The files of which something is in the database: an object that they make or, where they make none, the object whose
 * privileges, comment or flags they set.
 */
export async function findPresentFiles(
  client: DatabaseClient,
  files: readonly RepeatableFile[],
): Promise<RepeatableFile[]> {
  if (files.length === 0) return [];
  await loadSqlParser();
  const supposed = declareFiles(files).map(({ file, declarations }): AppliedRepeatable => {
    const made = declarations.map(({ declaration }): Made => {
      const base = { identity: declaration.identity, undo: "" };
      if (declaration.kind === "create") return { ...base, object: declaration.object };
      if (declaration.kind === "row-security")
        return { ...base, target: { keyword: "table", name: declaration.table } };
      return { ...base, target: declaration.target };
    });
    const created = made.filter(({ object }) => object !== undefined);
    const { path, folder, checksum, text } = file;
    return { path, folder, checksum, text, made: created.length > 0 ? created : made };
  });
  const { existing } = await readDependencies(client, supposed);
  const present = new Set(
    supposed.filter(({ made }) => made.some(({ identity }) => existing.has(identity))).map(({ path }) => path),
  );
  return files.filter(({ path }) => present.has(path));
}
