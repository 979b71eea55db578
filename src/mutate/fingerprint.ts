import type { DatabaseClient } from "../db/client.ts";
import { readContents } from "../db/fingerprint.ts";
import CATALOG from "./fingerprint.sql";

/** What a clone is and holds: the same text as long as every damage was taken back, catalog rows and table rows. */
export async function readFingerprint(client: DatabaseClient): Promise<string> {
  const { rows } = await client.query<{ readonly hash: string }>(CATALOG);
  return JSON.stringify([rows[0]?.hash, await readContents(client)]);
}
