import { Command } from "commander";
import type { Execute } from "../execute.ts";
import type { SharedOptions } from "../shared-options.ts";

export function sumCommand(execute: Execute): Command {
  return new Command("sum")
    .description("write migrations/tm-db.sum anew: after a migration was renumbered, removed, or edited before it ran")
    .addHelpText("after", "\nExample:\n  npx tm-db sum\n")
    .action(async (options: SharedOptions) => {
      await execute(options, async (context) => (await import("../../app/sum.ts")).sum(context));
    });
}
