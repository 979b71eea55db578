import { resolve } from "node:path";
import { Command } from "commander";
import type { Execute } from "../execute.ts";
import type { SharedOptions } from "../shared-options.ts";

interface ImportFlags extends SharedOptions {
  readonly dryRun?: true;
}

export function importCommand(execute: Execute): Command {
  return new Command("import")
    .description("write migrations of dbmate into migrations/, in the form that tm-db runs; no file is overwritten")
    .argument("<folder>", "the folder of dbmate's migrations, such as db/migrations")
    .option("--dry-run", "show what would be written")
    .addHelpText("after", "\nExample:\n  npx tm-db import db/migrations --dry-run\n")
    .action(async (folder: string, flags: ImportFlags) => {
      await execute(flags, async (context) => {
        const { importMigrations } = await import("../../app/import.ts");
        return await importMigrations({ ...context, folder: resolve(folder), dryRun: flags.dryRun });
      });
    });
}
