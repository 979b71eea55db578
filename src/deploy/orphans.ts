import type { DatabaseClient } from "../db/client.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import ORPHANS from "./orphans.sql";

export interface Orphan {
  readonly object: string;
  /** The object, its relation and its schema, as `object` names them. */
  readonly wholes: readonly string[];
}

/**
 * Objects that somebody seems to have made by hand: tables, views, functions, triggers and policies in schemas in which
 * `files` declare something, which no file made and whose name no migration of the ledger mentions. With their
 * names as PostgreSQL's pg_identify_object writes them. A quick look and no proof: a migration that puts names together is not understood, which `drift` is.
 */
export async function findOrphans(client: DatabaseClient, files: readonly AppliedRepeatable[]): Promise<Orphan[]> {
  const made = files.flatMap((file) => file.made.flatMap(({ object }) => (object === undefined ? [] : [object])));
  if (made.length === 0) return [];
  const objects = made.map(({ type, name, relation }) => ({ type, name, relation: relation ?? null }));
  const { rows } = await client.query<Orphan>(ORPHANS, [JSON.stringify(objects)]);
  return rows;
}
