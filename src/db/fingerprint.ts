import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "./client.ts";

/** What a table holds, without its order: how many rows, and a sum over what stands in them. */
export interface TableContent {
  /** `schema.table`, quoted. */
  readonly table: string;
  readonly rows: number;
  readonly sum: string;
}

/** Reads the content of every table besides the ledger's; columns count by name, not by place. */
export async function readContents(client: DatabaseClient): Promise<TableContent[]> {
  const { rows: tables } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = 'r'
       and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
       and n.nspname not like 'pg\\_%'
     order by 1, 2`,
  );
  const contents: TableContent[] = [];
  for (const { schema, name } of tables) {
    const table = `${quoteIdent(schema)}.${quoteIdent(name)}`;
    const { rows } = await client.query<{ rows: string; sum: string }>(
      `select
         count(*) as rows,
         coalesce(sum(pg_catalog.hashtextextended(pg_catalog.to_jsonb(t)::text, 0)::numeric), 0) as sum
       from ${table} as t`,
    );
    contents.push({ table, rows: Number(rows[0]?.rows ?? 0), sum: rows[0]?.sum ?? "0" });
  }
  return contents;
}
