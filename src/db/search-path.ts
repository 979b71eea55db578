import type { DatabaseClient } from "./client.ts";

/** SQL that does for the rest of a transaction what `leaveLedgerSchema` does for a session. */
export const LEAVE_LEDGER_SCHEMA = leaveSql("true");

/**
 * For the rest of the session, names without a schema are not looked for, and not made, in the ledger. PostgreSQL's
 * default search_path begins with the schema that is named as the role; the embedded server's role is named `tm_db`, and
 * so is the ledger's schema.
 */
export async function leaveLedgerSchema(client: DatabaseClient): Promise<void> {
  await client.query(leaveSql("false"));
}

function leaveSql(isLocal: "true" | "false"): string {
  return `select pg_catalog.set_config('search_path', pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), '^"\\$user", *', ''), ${isLocal})
     where current_user = 'tm_db'`;
}
