import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

export function refreshCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("refresh"))
    .description("refresh the materialized views, and recount what the project keeps count of")
    .addHelpText("after", "\nExample:\n  npx tm-db refresh\n")
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/refresh.ts")).refresh(context));
    });
}
