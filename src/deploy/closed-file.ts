import { checksum } from "../core/checksum.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";

/**
 * What is left of files that cannot be applied yet, or any more: of their tables that are there, row level security without a
 * policy, so that nobody else sees a row; and in the place of a restrictive policy one that lets nothing through, since other
 * files may let through what it withholds. It stands in the ledger under the file's path, as a version of it that the next
 * deployment replaces. Files that close nothing are not among them. `loadSqlParser` must have run.
 */
export async function closedFiles(client: DatabaseClient, files: readonly RepeatableFile[]): Promise<RepeatableFile[]> {
  const closing = files.flatMap((file) => [...rowSecurityOf(file), ...restrictionsOf(file)]);
  return asFiles(closing, await findTables(client, closing, "to_regclass(t.name) is not null"));
}

/** Row level security that files turn on for tables that are not there yet, and what restrictive policies withhold there. */
export async function readComing(client: DatabaseClient, files: readonly RepeatableFile[]): Promise<Closing[]> {
  if (files.length === 0) return [];
  await loadSqlParser();
  const closing = files.flatMap((file) => [...rowSecurityOf(file).filter(isEnabling), ...restrictionsOf(file)]);
  const absent = await findTables(client, closing, "to_regclass(t.name) is null");
  return closing.filter(({ table }) => absent.has(table));
}

/** What closes those of them that are there by now, by file; what nobody has left to do is not said. */
export async function closedByNow(client: DatabaseClient, coming: readonly Closing[]): Promise<RepeatableFile[]> {
  const there = await findTables(client, coming, "to_regclass(t.name) is not null");
  const isOpen =
    "exists (select from pg_catalog.pg_class as c where c.oid = to_regclass(t.name) and not c.relrowsecurity)";
  const open = await findTables(client, coming, isOpen);
  return asFiles(
    coming.filter((closing) => !isEnabling(closing) || open.has(closing.table)),
    there,
  );
}

function isEnabling({ sql }: Closing): boolean {
  return sql.endsWith(" enable row level security");
}

async function findTables(client: DatabaseClient, closing: readonly Closing[], which: string): Promise<Set<string>> {
  if (closing.length === 0) return new Set();
  const { rows } = await client.query<{ name: string }>(
    `select t.name from unnest($1::text[]) as t (name) where ${which}`,
    [closing.map(({ table }) => table)],
  );
  return new Set(rows.map(({ name }) => name));
}

/** A version of each file that says this much of it. */
function asFiles(closing: readonly Closing[], tables: ReadonlySet<string>): RepeatableFile[] {
  const texts = new Map<RepeatableFile, string>();
  for (const { file, table, sql } of closing)
    if (tables.has(table)) texts.set(file, `${texts.get(file) ?? ""}${sql};\n`);
  return [...texts].map(([file, text]) => ({ ...file, text, checksum: checksum(text) }));
}

/** A statement that closes a table, in the place of a file that protects it. */
export interface Closing {
  readonly file: RepeatableFile;
  /** Quoted. */
  readonly table: string;
  readonly sql: string;
}

function rowSecurityOf(file: RepeatableFile): Closing[] {
  const [declared] = declareFiles([file]);
  return (declared?.declarations ?? []).flatMap(({ declaration }) => {
    if (declaration.kind !== "row-security" || !declaration.on) return [];
    const { table, flag } = declaration;
    return [{ file, table, sql: `alter table ${table} ${flag} row level security` }];
  });
}

function restrictionsOf(file: RepeatableFile): Closing[] {
  return parseSql(file).flatMap(({ node }) => {
    if (!("CreatePolicyStmt" in node) || node.CreatePolicyStmt.permissive === true) return [];
    const { policy_name: name = "", table } = node.CreatePolicyStmt;
    const quoted = quoteName(table?.schemaname ?? "", table?.relname ?? "");
    return [
      { file, table: quoted, sql: `create policy ${quoteIdent(name)} on ${quoted} as restrictive using (false)` },
    ];
  });
}
