import type { DatabaseClient } from "./client.ts";

/**
 * The columns of a table or view and their types, domains by what they are made of; undefined where there is no such
 * relation. From the catalog, since the authenticator may not look into schemas by itself.
 */
export async function readColumns(
  client: DatabaseClient,
  schema: string,
  name: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { rows } = await client.query<{ column: string; type: string }>(
    `select
       a.attname as column,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) as type
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_catalog.pg_type as t on t.oid = a.atttypid
     where n.nspname = $1
       and c.relname = $2
       and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [schema, name],
  );
  return rows.length === 0 ? undefined : new Map(rows.map(({ column, type }) => [column, type]));
}
