import type { Client } from "pg";
import { isDatabaseError } from "./run-script.ts";

/**
 * Gives the planner statistics about quoted tables, and marks their rows as visible to everybody, which is what
 * index-only scans need. Cannot run in a transaction. Answers whether it could be done; a lost connection is thrown.
 */
export async function analyzeTables(client: Client, tables: readonly string[]): Promise<boolean> {
  try {
    await client.query(`vacuum (analyze) ${tables.join(", ")}`);
    return true;
  } catch (error) {
    if (isDatabaseError(error)) return false;
    throw error;
  }
}
