import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addContainerOptions, addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

export function verifyCommand(execute: Execute): Command {
  return addContainerOptions(addDatabaseOptions(new Command("verify")))
    .description("prove on a scratch database that every migration and the whole can be taken back exactly")
    .addHelpText("after", "\nExample:\n  npx tm-db verify\n")
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/verify.ts")).verify(context));
    });
}
