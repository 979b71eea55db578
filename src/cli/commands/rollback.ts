import { Command, Option } from "commander";
import { TmDbError } from "../../core/errors.ts";
import type { Execute } from "../execute.ts";
import { wholeNumber } from "../parse-number.ts";
import {
  addDatabaseOptions,
  addTimeoutOptions,
  type SharedOptions,
  type TimeoutFlags,
  timeoutsOf,
} from "../shared-options.ts";

interface RollbackFlags extends SharedOptions, TimeoutFlags {
  readonly steps?: number;
  readonly to?: string;
  readonly all?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function rollbackCommand(execute: Execute): Command {
  return addTimeoutOptions(addDatabaseOptions(new Command("rollback")))
    .description("take the last deployment back exactly, or migrations by number or name")
    .addOption(
      new Option("--steps <n>", "take back the last n migrations").argParser(wholeNumber(1)).conflicts(["to", "all"]),
    )
    .addOption(new Option("--to <migration>", "take back every migration after this one").conflicts(["steps", "all"]))
    .addOption(new Option("--all", "take back everything").conflicts(["steps", "to"]))
    .option("--dry-run", "print the SQL that would run, in a READ ONLY transaction")
    .option("--yes", "do not ask before everything is taken back")
    .addHelpText("after", "\nExample:\n  npx tm-db rollback --steps 1 --dry-run\n")
    .action(async (flags: RollbackFlags) => {
      await execute(flags, async (context) => {
        const { rollback } = await import("../../app/rollback.ts");
        return await rollback({
          ...context,
          to: targetOf(flags),
          dryRun: flags.dryRun,
          ...timeoutsOf(flags),
          asks: flags.yes !== true && process.stdin.isTTY && process.stderr.isTTY,
          confirm: (question) => context.confirm(question, flags.yes === true),
        });
      });
    });
}

function targetOf({ steps, to, all }: RollbackFlags) {
  if (to === "")
    throw new TmDbError("USAGE", "--to needs the number or name of a migration", {
      hint: "npx tm-db rollback --to 0005   takes back every migration after that one",
    });
  if (steps !== undefined) return { kind: "steps", count: steps } as const;
  if (to !== undefined) return { kind: "to", name: to } as const;
  return { kind: all === true ? "all" : "last-deployment" } as const;
}
