import { Command } from "commander";
import type { Execute } from "../execute.ts";
import {
  addContainerOptions,
  addDatabaseOptions,
  addTimeoutOptions,
  type SharedOptions,
  type TimeoutFlags,
  timeoutsOf,
} from "../shared-options.ts";

interface MigrateFlags extends SharedOptions, TimeoutFlags {
  readonly dryRun?: true;
  readonly allowOutOfOrder?: true;
  readonly allowNonEmpty?: true;
}

export function migrateCommand(execute: Execute): Command {
  return addTimeoutOptions(addContainerOptions(addDatabaseOptions(new Command("migrate"))))
    .description("deploy pending migrations and changed functions, views and policies, as one transaction")
    .option("--dry-run", "show what would be done, in a READ ONLY transaction")
    .option("--allow-out-of-order", "apply new migrations that stand before applied ones")
    .option("--allow-non-empty", "deploy to a database that holds tables which tm-db did not make")
    .addHelpText(
      "after",
      "\nExample:\n  npx tm-db migrate --dry-run --database-url postgres://owner@db.example.com/app\n",
    )
    .action(async (flags: MigrateFlags) => {
      await execute(flags, async (context) => {
        const { migrate } = await import("../../app/migrate.ts");
        const { dryRun, allowOutOfOrder, allowNonEmpty } = flags;
        return await migrate({ ...context, ...timeoutsOf(flags), dryRun, allowOutOfOrder, allowNonEmpty });
      });
    });
}
