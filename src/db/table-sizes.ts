import type { DatabaseClient } from "./client.ts";

/**
 * How large tables are, by their names as `format('%I.%I')` writes them: rows as PostgreSQL last estimated them (null
 * where it never did), and bytes with TOAST but without indexes. Of a partitioned table, its partitions together.
 */
export async function readTableSizes(
  client: DatabaseClient,
): Promise<ReadonlyMap<string, { readonly rows: number | null; readonly bytes: number }>> {
  const { rows } = await client.query<{ name: string; rows: string | null; bytes: string }>(
    `select
       format('%I.%I', n.nspname, c.relname) as name,
       case
         when c.relkind = 'p'
           then (
             select sum(greatest(l.reltuples, 0))
             from pg_catalog.pg_partition_tree(c.oid) as p
             join pg_catalog.pg_class as l on l.oid = p.relid
             where p.isleaf
           )
         when c.reltuples >= 0 then c.reltuples
       end::bigint as rows,
       case
         when c.relkind = 'p'
           then (
             select coalesce(sum(pg_catalog.pg_table_size(p.relid)), 0)
             from pg_catalog.pg_partition_tree(c.oid) as p
           )
         else pg_catalog.pg_table_size(c.oid)
       end::bigint as bytes
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm')
       and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
       and n.nspname not like 'pg\\_toast%'`,
  );
  return new Map(
    rows.map(({ name, rows: count, bytes }) => [
      name,
      { rows: count === null ? null : Number(count), bytes: Number(bytes) },
    ]),
  );
}
