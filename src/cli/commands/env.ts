import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

export function envCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("env"))
    .description("print DATABASE_URL and PostgREST's PGRST_… variables, with their secrets, for a shell")
    .addHelpText("after", '\nExample:\n  eval "$(npx tm-db env)" && postgrest\n')
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/env.ts")).env(context));
    });
}
