import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { NewResult } from "../core/command-result.ts";
import { createMigration, ensureMigrationsFolder, migrationSlug } from "../files/create-migration.ts";
import { checkMigrationSum, writeMigrationSum } from "../files/migration-sum.ts";
import { readMigrations } from "../files/read-project.ts";
import { type CommandOptions, openProject } from "./context.ts";

/**
 * Writes the next migration from a template, and its line into `tm-db.sum`: both, or neither.
 * @throws TmDbError USAGE for a name that is no file name; SUM_MISMATCH, and what reading migrations throws;
 * FILE_UNWRITABLE.
 */
export async function newMigration(options: CommandOptions & { readonly name: string }): Promise<NewResult> {
  const { config } = openProject(options);
  const slug = migrationSlug(options.name);
  await ensureMigrationsFolder(config);
  checkMigrationSum(config, readMigrations(config));
  const path = await createMigration(config, slug);
  try {
    await writeMigrationSum(config, readMigrations(config));
  } catch (error) {
    await rm(join(config.projectDir, path), { force: true });
    throw error;
  }
  return { command: "new", path };
}
