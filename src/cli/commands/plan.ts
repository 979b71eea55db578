import { Command, InvalidArgumentError } from "commander";
import { LOCK_MODES, type LockLimit, parseLockLimit } from "../../core/lock-modes.ts";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface PlanFlags extends SharedOptions {
  readonly locks?: true;
  readonly maxLock?: readonly LockLimit[];
  readonly allowOutOfOrder?: true;
  readonly allowNonEmpty?: true;
}

export function planCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("plan"))
    .description("show what migrate would do; with --locks, try it on an empty copy of the schema")
    .option("--locks", "report the time of each statement, and what it locks, writes anew, reads whole or indexes")
    .option(
      "--max-lock <mode:time>",
      "exit with 1 when a lock of this mode, or a stronger one, is held for longer; may be given again",
      collectLimit,
    )
    .option("--allow-out-of-order", "plan with new migrations that stand before applied ones")
    .option("--allow-non-empty", "plan for a database that holds tables which tm-db did not make")
    .addHelpText("after", "\nExample:\n  npx tm-db plan --locks --max-lock access-exclusive:50ms\n")
    .action(async (flags: PlanFlags) => {
      await execute(flags, async (context) => {
        const { plan } = await import("../../app/plan.ts");
        const { maxLock, allowOutOfOrder, allowNonEmpty } = flags;
        const locks = flags.locks === true || maxLock !== undefined;
        return await plan({ ...context, locks, maxLocks: maxLock, allowOutOfOrder, allowNonEmpty });
      });
    });
}

function collectLimit(text: string, before: readonly LockLimit[] = []): readonly LockLimit[] {
  const limit = parseLockLimit(text);
  if (limit === undefined) {
    throw new InvalidArgumentError(
      `must be a mode and a time, such as access-exclusive:50ms or share:2s; modes: ${LOCK_MODES.join(", ")}`,
    );
  }
  return [...before, limit];
}
