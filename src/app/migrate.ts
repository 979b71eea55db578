import type { MigrateResult } from "../core/command-result.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { withClient } from "../db/client.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFilesAside } from "../files/read-project.ts";
import { type CommandOptions, namesServer, openProject, openTarget, type Project } from "./context.ts";
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
  chosenJwtSecret(project);
  const files = readFiles(project);
  // Whatever is wrong with them is told where they are needed.
  files.catch(() => {});
  // No server is started for files that cannot be deployed.
  if (!namesServer(project)) await files;
  const target = await openTarget(project, "start");
  return await withClient(
    target.connection,
    { signal: options.signal, leaves: options.endsProcess },
    async (client) => {
      return await deploy(client, { project, target, files, options });
    },
  );
}

/** While the server answers, it costs no time of its own. */
async function readFiles({ config }: Project): Promise<ProjectFiles> {
  const files = await readProjectFilesAside(config);
  checkMigrationSum(config, files.migrations);
  return files;
}
