import { Command } from "commander";
import type { Execute } from "../execute.ts";
import type { SharedOptions } from "../shared-options.ts";

export function newCommand(execute: Execute): Command {
  return new Command("new")
    .description("write the next migration from a template")
    .argument("<name>", "what it does, such as add_due_dates")
    .addHelpText("after", "\nExample:\n  npx tm-db new add_due_dates\n")
    .action(async (name: string, options: SharedOptions) => {
      await execute(options, async (context) =>
        (await import("../../app/new-migration.ts")).newMigration({ ...context, name }),
      );
    });
}
