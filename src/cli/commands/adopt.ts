import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface AdoptFlags extends SharedOptions {
  readonly dryRun?: true;
  readonly acceptDifferences?: true;
  readonly to?: string;
  readonly migrationsSchema?: string;
  readonly migrationsTable?: string;
}

export function adoptCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("adopt"))
    .description("write the ledger for a database that node-pg-migrate or somebody else built from the same files")
    .option("--dry-run", "compare, and say what would be adopted")
    .option("--accept-differences", "adopt although the database is not what the files make")
    .option("--to <migration>", "the last migration that is there (default: all), where no table says what ran")
    .option("--migrations-schema <schema>", "schema of node-pg-migrate's table (default: public)")
    .option("--migrations-table <table>", "node-pg-migrate's table (default: pgmigrations)")
    .addHelpText(
      "after",
      '\nWhat others look after: "ignore": ["schema storage"] in tm-db.config.json\n\nExample:\n  npx tm-db adopt --dry-run --database-url postgres://owner@db.example.com/app\n',
    )
    .action(async (flags: AdoptFlags) => {
      await execute(flags, async (context) => {
        const { adopt } = await import("../../app/adopt.ts");
        const { dryRun, acceptDifferences, to, migrationsSchema, migrationsTable } = flags;
        return await adopt({
          ...context,
          dryRun,
          acceptDifferences,
          to,
          migrationsSchema,
          migrationsTable,
        });
      });
    });
}
