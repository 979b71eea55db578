import type { DatabaseClient } from "../db/client.ts";

/** The tables and views of a schema that PostgREST makes endpoints of: partitions are not among them. */
export async function readRelations(client: DatabaseClient, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = $1
       and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and not c.relispartition
     order by 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}
