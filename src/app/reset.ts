import type { ResetResult } from "../core/command-result.ts";
import { describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { withClient } from "../db/client.ts";
import { recreateDatabase } from "../db/recreate-database.ts";
import { withDone } from "../db/sql-error.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, openProject, openTarget } from "./context.ts";
import { chosenJwtSecret } from "./secrets.ts";
import { up } from "./up.ts";

export interface ResetOptions extends CommandOptions {
  readonly confirm: (question: string) => Promise<boolean>;
}

/**
 * Drops the database and builds it anew, development data included. Roles stay: they belong to the whole server.
 * Whatever can be known to be wrong beforehand stops it before anything is dropped.
 */
export async function reset(options: ResetOptions): Promise<ResetResult> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  chosenJwtSecret(project);
  const target = await openTarget(project, "start");
  const question = `This drops the database ${describeConnection(target.connection)} (${target.connection.source}) with everything in it.`;
  if (!(await options.confirm(question))) throw new TmDbError("NOT_CONFIRMED", "nothing was dropped");
  await withClient(target.maintenance, { signal: options.signal }, async (client) => {
    await recreateDatabase(client, target.connection.database);
  });
  try {
    return { command: "reset", up: await up(options) };
  } catch (error) {
    throw withDone(error, "the database was dropped and made anew before, and its rows are gone; run reset again");
  }
}
