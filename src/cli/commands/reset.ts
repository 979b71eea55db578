import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface ResetFlags extends SharedOptions {
  readonly yes?: true;
}

export function resetCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("reset"))
    .description("drop the database and build it anew, with development data")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  npx tm-db reset --yes\n")
    .action(async (flags: ResetFlags) => {
      await execute(flags, async (context) => {
        const { reset } = await import("../../app/reset.ts");
        return await reset({ ...context, confirm: (question) => context.confirm(question, flags.yes === true) });
      });
    });
}
