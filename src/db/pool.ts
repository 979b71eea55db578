import type pg from "pg";
import type { DatabaseClient } from "./client.ts";

/**
 * A stand-in for a pool, for libraries that want one: it lends out `client`, and the transaction that the library
 * begins becomes a savepoint of the one that is open. Whatever the library set for itself is gone afterwards.
 */
export function poolWithin(client: DatabaseClient): pg.Pool {
  const lent = {
    query: async (text: string, values?: unknown[]) => await client.query(insteadOf(text), values),
    release: () => {},
  };
  return { connect: () => Promise.resolve(lent) } as unknown as pg.Pool;
}

function insteadOf(text: string): string {
  if (/^\s*begin\b/i.test(text)) return "savepoint tm_db_library";
  if (/^\s*(commit|rollback)\s*;?\s*$/i.test(text))
    return "rollback to savepoint tm_db_library; release savepoint tm_db_library";
  return text;
}
