import type { DatabaseClient } from "../db/client.ts";

/** A table or view. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** The tables and views that PostgREST makes endpoints of (`allTables` in its `src/PostgREST/SchemaCache.hs`). */
export async function readRelations(client: DatabaseClient, schemas: readonly string[]): Promise<readonly Relation[]> {
  const { rows } = await client.query<Relation>(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = any ($1)
       and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and not c.relispartition
     order by 1, 2`,
    [schemas],
  );
  return rows;
}
