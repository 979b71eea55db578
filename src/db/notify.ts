import type { Client } from "pg";

/** Tells every PostgREST that listens on this database to read its configuration again: file and database. */
export async function notifyReloadConfig(client: Client): Promise<void> {
  await client.query("notify pgrst, 'reload config'");
}
