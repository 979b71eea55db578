import { Command } from "commander";
import { TmDbError } from "../../core/errors.ts";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface ResolveFlags extends SharedOptions {
  readonly applied?: true;
  readonly rolledBack?: true;
}

export function resolveCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("resolve"))
    .description("settle a migration that began outside of a transaction and did not end")
    .argument("<migration>", "its file, name or number")
    .option("--applied", "all of it is there, or was done by hand")
    .option("--rolled-back", "nothing of it is there: the next migrate runs it again")
    .addHelpText("after", "\nExample:\n  npx tm-db resolve 0009_index_tasks --rolled-back\n")
    .action(async (migration: string, flags: ResolveFlags) => {
      await execute(flags, async (context) => {
        if (flags.applied === flags.rolledBack) {
          throw new TmDbError("USAGE", "say one of --applied and --rolled-back", {
            hint: `npx tm-db resolve ${migration} --rolled-back   if nothing of it is there; if all of it is: npx tm-db resolve ${migration} --applied`,
          });
        }
        const { resolve } = await import("../../app/resolve.ts");
        return await resolve({ ...context, migration, as: flags.applied === true ? "applied" : "rolled-back" });
      });
    });
}
