import type { StatusResult } from "../core/command-result.ts";
import { withClient } from "../db/client.ts";
import { withTransaction } from "../db/transaction.ts";
import { readDeployments, readLedger } from "../deploy/ledger.ts";
import { findOrphans } from "../deploy/orphans.ts";
import { compareFiles } from "../deploy/plan.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, nameOf, openProject, openTarget } from "./context.ts";

/** Compares the files with what the database's ledger says, in a READ ONLY transaction. */
export async function status(options: CommandOptions): Promise<StatusResult> {
  const project = await openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await withTransaction(client, "read only", async () => {
      const ledger = await readLedger(client);
      const statuses = compareFiles(files, ledger);
      const orphans = ledger.exists ? await findOrphans(client, ledger.repeatables) : [];
      const deployments = ledger.exists ? await readDeployments(client) : [];
      return {
        command: "status",
        database: nameOf(target, client),
        files: statuses,
        deployments: deployments.map(({ startedAt, ...rest }) => ({ ...rest, startedAt: startedAt.toISOString() })),
        orphans,
        upToDate: statuses.every(({ state }) => state === "applied"),
      };
    });
  });
}
