import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface DriftFlags extends SharedOptions {
  readonly files?: true;
  readonly sql?: true;
}

export function driftCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("drift"))
    .description("compare the database with what its files build on a scratch database; exit with 1 when they differ")
    .option("--files", "compare with the files as they are now, and not as they were deployed")
    .option("--sql", "print SQL that would take the drift back")
    .addHelpText(
      "after",
      '\nWhat others look after: "ignore": ["schema storage"] in tm-db.config.json\n\nExample:\n  npx tm-db drift --database-url postgres://owner@db.example.com/app\n',
    )
    .action(async (flags: DriftFlags) => {
      await execute(flags, async (context) => {
        const { drift } = await import("../../app/drift.ts");
        return await drift({ ...context, files: flags.files, sql: flags.sql });
      });
    });
}
