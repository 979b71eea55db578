import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface StatusFlags extends SharedOptions {
  readonly check?: true;
}

export function statusCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("status"))
    .description("show which files are applied, pending, changed or missing")
    .option("--check", "exit with 1 when the database is not what the files say")
    .addHelpText("after", "\nExample:\n  npx tm-db status --check\n")
    .action(async (flags: StatusFlags) => {
      await execute(flags, async (context) => (await import("../../app/status.ts")).status(context), {
        check: flags.check === true,
      });
    });
}
