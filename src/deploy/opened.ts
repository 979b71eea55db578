import type { DatabaseClient } from "../db/client.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import type { DeclaredFile } from "./repeatable.ts";

const ENABLED = "enable row level security on ";

/** A table whose row level security a file turned on, and no file does any more. */
export interface OpenedTable {
  readonly path: string;
  /** Quoted. */
  readonly table: string;
}

/** Tables that only the files of `before` turn row level security on for. */
export function tablesLeft(
  before: readonly AppliedRepeatable[],
  after: { readonly applied: readonly AppliedRepeatable[]; readonly declared: readonly DeclaredFile[] },
): OpenedTable[] {
  const tableOf = (identity: string): string[] =>
    identity.startsWith(ENABLED) ? [identity.slice(ENABLED.length)] : [];
  const kept = new Set([
    ...after.applied.flatMap(({ made }) => made.flatMap(({ identity }) => tableOf(identity))),
    ...after.declared.flatMap(({ declarations }) =>
      declarations.flatMap(({ declaration }) => tableOf(declaration.identity)),
    ),
  ]);
  return before.flatMap(({ path, made }) =>
    made
      .flatMap(({ identity }) => tableOf(identity))
      .filter((table) => !kept.has(table))
      .map((table) => ({ path, table })),
  );
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

export function openedWarning({ path, table }: OpenedTable, isDone: boolean): string {
  const words = isDone ? "has no row level security any more" : "would have no row level security any more";
  return `${table} ${words}, which ${path} turned on: whoever has a privilege on it sees every row`;
}
