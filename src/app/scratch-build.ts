import type { ConnectionSpec } from "../core/connection-spec.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { withScratchDatabase } from "../db/scratch-database.ts";
import { undone, withTransaction } from "../db/transaction.ts";
import { type BuildFiles, buildFromNothing } from "../deploy/build.ts";
import type { DeploymentRun } from "../deploy/run.ts";

/**
 * Builds files on a scratch database and hands the connection and what was done to `callback`. All in a transaction
 * that is never committed: roles belong to the whole server, and stay as they are.
 */
export async function withScratchBuild<T>(
  maintenance: ConnectionSpec,
  given: { readonly files: BuildFiles; readonly signal: AbortSignal | undefined },
  callback: (client: DatabaseClient, run: DeploymentRun) => Promise<T>,
): Promise<T> {
  const { files, signal } = given;
  return await withScratchDatabase(maintenance, { signal }, async (scratch) => {
    return await withClient(scratch, { signal }, async (client) => {
      return await withTransaction<T>(client, "read write", async () => {
        return undone(await callback(client, await buildFromNothing(client, files)));
      });
    });
  });
}
