import type { MigrateResult } from "../core/command-result.ts";
import { withClient } from "../db/client.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, openProject, openTarget } from "./context.ts";
import { deploy } from "./deploy.ts";
import type { DeployOptions } from "./deploy-input.ts";
import { chosenJwtSecret } from "./secrets.ts";

export interface MigrateOptions extends CommandOptions, DeployOptions {}

/**
 * Brings the database to what the files say, as one transaction.
 * @throws TmDbError; then nothing was changed.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  chosenJwtSecret(project);
  const target = await openTarget(project, "start");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await deploy(client, { project, target, files, options });
  });
}
