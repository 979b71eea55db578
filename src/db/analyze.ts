import type { Client } from "pg";

/**
 * Gives the planner statistics about quoted tables, and marks their rows as visible to everybody, which is what
 * index-only scans need. Cannot run in a transaction. Answers whether it could be done: it comes after the commit, so
 * whatever becomes of it, the rows are there.
 */
export async function analyzeTables(client: Client, tables: readonly string[]): Promise<boolean> {
  return await client.query(`vacuum (analyze) ${tables.join(", ")}`).then(
    () => true,
    () => false,
  );
}
