import type { DatabaseClient } from "./client.ts";

/**
 * For the rest of the transaction (or of the session), names without a schema are not looked for, and not made, in the
 * ledger. PostgreSQL's default search_path begins with the schema that is named as the role; the embedded server's role
 * is named `tm_db`, and so is the ledger's schema.
 */
export async function leaveLedgerSchema(
  client: DatabaseClient,
  until: "transaction ends" | "session ends" = "transaction ends",
): Promise<void> {
  await client.query(
    `select set_config('search_path', regexp_replace(current_setting('search_path'), '^"\\$user", *', ''), $1)
     where current_user = 'tm_db'`,
    [until === "transaction ends"],
  );
}
