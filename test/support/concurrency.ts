import type { Client } from "pg";
import type { ReferenceDatabase } from "./reference-database.ts";

/**
 * Waits until what was begun on a connection has ended, or waits for a lock: then the other side of a race may go on.
 * `work` must have been sent on `client` already.
 */
export async function blockedOrDone(db: ReferenceDatabase, client: Client, work: Promise<unknown>): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number };
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) {
    if (await db.value<boolean>("select exists (select from pg_locks where pid = $1 and not granted)", [processID]))
      return;
  }
}
