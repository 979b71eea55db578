import type { DatabaseClient } from "../db/client.ts";
import type { Relation } from "./relations.ts";

/**
 * Gives empty tables new files, by TRUNCATE: what the same transaction writes to those is not logged where `wal_level` is
 * minimal, as on the embedded server, and may be written as frozen, which spares a vacuum. Returns the tables for which
 * that could be done: plain ones that no other table refers to.
 */
export async function renewFiles(client: DatabaseClient, empty: readonly Relation[]): Promise<readonly Relation[]> {
  const { plain, references } = await readFacts(client, empty);
  let chosen = empty.filter(({ oid }) => plain.has(oid));
  for (let before = -1; before !== chosen.length;) {
    before = chosen.length;
    const among = new Set(chosen.map(({ oid }) => oid));
    chosen = chosen.filter(({ oid }) => references.every(({ from, to }) => to !== oid || among.has(from)));
  }
  if (chosen.length > 0) await client.query(`truncate only ${chosen.map(({ quoted }) => quoted).join(", only ")}`);
  return chosen;
}

interface Facts {
  readonly plain: ReadonlySet<number>;
  readonly references: readonly { readonly from: number; readonly to: number }[];
}

async function readFacts(client: DatabaseClient, relations: readonly Relation[]): Promise<Facts> {
  const oids = relations.map(({ oid }) => oid);
  const plain = await client.query<{ oid: number }>(
    `select c.oid::bigint::float8 as oid
     from pg_catalog.pg_class as c
     where c.oid = any ($1::bigint[]::oid[]) and c.relkind = 'r' and not c.relispartition and not c.relhassubclass`,
    [oids],
  );
  const references = await client.query<Facts["references"][number]>(
    `select f.conrelid::bigint::float8 as from, f.confrelid::bigint::float8 as to
     from pg_catalog.pg_constraint as f
     where f.contype = 'f' and f.confrelid = any ($1::bigint[]::oid[])`,
    [oids],
  );
  return { plain: new Set(plain.rows.map(({ oid }) => oid)), references: references.rows };
}
