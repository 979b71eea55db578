import type { SumResult } from "../core/command-result.ts";
import { sumPath, writeMigrationSum } from "../files/migration-sum.ts";
import { readMigrations } from "../files/read-project.ts";
import { type CommandOptions, openProject } from "./context.ts";

/** Writes `migrations/tm-db.sum` anew, as the files are now. @throws TmDbError what reading migrations throws; FILE_UNWRITABLE. */
export async function sum(options: CommandOptions): Promise<SumResult> {
  const { config } = openProject(options);
  const difference = await writeMigrationSum(config, readMigrations(config));
  return { command: "sum", path: sumPath(config), ...difference };
}
