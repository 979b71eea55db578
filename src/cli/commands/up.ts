import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

export function upCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("up"))
    .description("start the embedded server, deploy, and load development data into a new database")
    .addHelpText("after", "\nExample:\n  npx tm-db up --pg 17\n")
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/up.ts")).up(context));
    });
}
