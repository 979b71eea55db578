import type { NewResult } from "../core/command-result.ts";
import { createMigration } from "../files/create-migration.ts";
import { type CommandOptions, openProject } from "./context.ts";

/** Writes the next migration from a template. @throws TmDbError USAGE for a name that is no file name; FILE_UNWRITABLE. */
export async function newMigration(options: CommandOptions & { readonly name: string }): Promise<NewResult> {
  const { config } = await openProject(options);
  return { command: "new", path: await createMigration(config, options.name) };
}
