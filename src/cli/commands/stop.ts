import { Command } from "commander";
import type { Execute } from "../execute.ts";
import type { SharedOptions } from "../shared-options.ts";

export function stopCommand(execute: Execute): Command {
  return new Command("stop")
    .description("stop the embedded server; its data stays")
    .addHelpText("after", "\nExample:\n  npx tm-db stop\n")
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/stop.ts")).stop(context));
    });
}
