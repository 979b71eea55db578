import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "./client.ts";
import { isDatabaseError } from "./run-script.ts";

/** Drops roles that nothing needs; one that something needs, in whatever database, stays. */
export async function dropRoles(client: DatabaseClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await client.query(`drop role if exists ${quoteIdent(name)}`);
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
    }
  }
}
