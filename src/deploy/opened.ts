import { escapePattern } from "../core/escape-pattern.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import { loadSqlParser } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";

/** A table whose row level security a file turned on, and no file does any more. */
export interface OpenedTable {
  readonly path: string;
  /** Quoted. */
  readonly table: string;
}

/** Tables that only the files of `before` turn row level security on for. */
export async function tablesLeft(
  before: readonly RepeatableFile[],
  after: readonly RepeatableFile[],
): Promise<OpenedTable[]> {
  // Most deployments change no such file.
  const isSame = new Set(after.map(({ path, checksum }) => `${checksum} ${path}`));
  if (before.every((file) => !mayProtect(file) || isSame.has(`${file.checksum} ${file.path}`))) return [];
  await loadSqlParser();
  const kept = new Set(protectedBy(after).map(({ table }) => table));
  return protectedBy(before).filter(({ table }) => !kept.has(table));
}

function mayProtect({ text }: RepeatableFile): boolean {
  return /\benable\s+row\b/i.test(text);
}

function protectedBy(files: readonly RepeatableFile[]): OpenedTable[] {
  return declareFiles(files.filter(mayProtect)).flatMap(({ file: { path }, declarations }) =>
    declarations.flatMap(({ declaration }) =>
      declaration.kind === "row-security" && declaration.flag === "enable" && declaration.on
        ? [{ path, table: declaration.table }]
        : [],
    ),
  );
}

/** Those of them whose names are in none of `sqls`. */
export function notNamedIn(left: readonly OpenedTable[], sqls: readonly string[]): OpenedTable[] {
  return left.filter(({ table }) => {
    const [, name = ""] = /\."((?:[^"]|"")*)"$/.exec(table) ?? [];
    const word = new RegExp(`(?<![\\w$])${escapePattern(name)}(?![\\w$])`, "i");
    return !sqls.some((sql) => word.test(sql));
  });
}

/** Those of them that are there without row level security. */
export async function findOpened(client: DatabaseClient, left: readonly OpenedTable[]): Promise<OpenedTable[]> {
  if (left.length === 0) return [];
  const { rows } = await client.query<{ table: string }>(
    `select t.name as table
     from unnest($1::text[]) as t (name)
     join pg_catalog.pg_class as c on c.oid = to_regclass(t.name)
     where not c.relrowsecurity`,
    [left.map(({ table }) => table)],
  );
  const open = new Set(rows.map(({ table }) => table));
  return left.filter(({ table }) => open.has(table));
}

/** What `migrate` warns of, done or planned. */
export function openedWarning({ path, table }: OpenedTable, has: "has" | "would have"): string {
  return `${table} ${has} no row level security any more, which ${path} turned on: whoever has a privilege on it sees every row`;
}
