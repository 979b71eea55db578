import { checksum } from "../core/checksum.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { parseSql } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";

/**
 * What is left of files that cannot be applied yet, or any more: of their tables that are there, row level security without a
 * policy, so that nobody else sees a row; and in the place of a restrictive policy one that lets nothing through, since other
 * files may let through what it withholds. It stands in the ledger under the file's path, as a version of it that the next
 * deployment replaces. Files that close nothing are not among them. `loadSqlParser` must have run.
 */
export async function closedFiles(client: DatabaseClient, files: readonly RepeatableFile[]): Promise<RepeatableFile[]> {
  const closing = files.map((file) => ({ file, statements: [...rowSecurityOf(file), ...restrictionsOf(file)] }));
  const tables = closing.flatMap(({ statements }) => statements.map(({ table }) => table));
  if (tables.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(
    "select t.name from unnest($1::text[]) as t (name) where to_regclass(t.name) is not null",
    [tables],
  );
  const there = new Set(rows.map(({ name }) => name));
  return closing.flatMap(({ file, statements }) => {
    const text = statements.flatMap(({ table, sql }) => (there.has(table) ? `${sql};\n` : [])).join("");
    return text === "" ? [] : [{ ...file, text, checksum: checksum(text) }];
  });
}

interface Closing {
  /** Quoted. */
  readonly table: string;
  readonly sql: string;
}

function rowSecurityOf(file: RepeatableFile): Closing[] {
  const [declared] = declareFiles([file]);
  return (declared?.declarations ?? []).flatMap(({ declaration }) => {
    if (declaration.kind !== "row-security" || !declaration.on) return [];
    const { table, flag } = declaration;
    return [{ table, sql: `alter table ${table} ${flag} row level security` }];
  });
}

function restrictionsOf(file: RepeatableFile): Closing[] {
  return parseSql(file).flatMap(({ node }) => {
    if (!("CreatePolicyStmt" in node) || node.CreatePolicyStmt.permissive === true) return [];
    const { policy_name: name = "", table } = node.CreatePolicyStmt;
    const quoted = quoteName(table?.schemaname ?? "", table?.relname ?? "");
    return [{ table: quoted, sql: `create policy ${quoteIdent(name)} on ${quoted} as restrictive using (false)` }];
  });
}
