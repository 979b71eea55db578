import type { StatusResult } from "../core/command-result.ts";
import { withClient } from "../db/client.ts";
import { withTransaction } from "../db/transaction.ts";
import { readDeployments, readLedger } from "../deploy/ledger.ts";
import { findOrphans } from "../deploy/orphans.ts";
import { compareFiles } from "../deploy/plan.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, nameOf, openProject, openTarget } from "./context.ts";
import { refuseIgnoredFiles, splitOrphans } from "./ignored.ts";

/** Compares the files with what the database's ledger says, in a READ ONLY transaction. */
export async function status(options: CommandOptions): Promise<StatusResult> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  await refuseIgnoredFiles(project.config, files);
  const target = await openTarget(project, "must-run");
  return await withClient(
    target.connection,
    { signal: options.signal, leaves: options.endsProcess },
    async (client) => {
      return await withTransaction(client, "read only", async () => {
        const ledger = await readLedger(client);
        const statuses = compareFiles(files, ledger);
        const found = ledger.exists ? await findOrphans(client, ledger.repeatables) : [];
        const { orphans, ignored } = splitOrphans(project.config, found);
        const deployments = ledger.exists ? await readDeployments(client) : [];
        return {
          command: "status",
          database: nameOf(target, client),
          files: statuses,
          deployments: deployments.map(({ startedAt, ...rest }) => ({ ...rest, startedAt: startedAt.toISOString() })),
          orphans,
          ignoredOrphans: ignored,
          upToDate: statuses.every(({ state }) => state === "applied"),
        };
      });
    },
  );
}
