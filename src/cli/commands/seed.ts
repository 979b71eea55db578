import { Command, InvalidArgumentError } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, addTimeoutOptions, type SharedOptions } from "../shared-options.ts";
import { decimalNumber, MAX_SEED, wholeNumber } from "../parse-number.ts";

interface SeedFlags extends SharedOptions {
  readonly scale?: number;
  readonly seedValue?: number;
  readonly date?: Date;
  readonly add?: true;
  readonly truncate?: true;
  readonly keepIndexes?: true;
  readonly lockTimeout?: number;
  readonly statementTimeout?: number;
  readonly yes?: true;
  readonly yesThisIsNotProduction?: true;
}

export function seedCommand(execute: Execute): Command {
  return addTimeoutOptions(addDatabaseOptions(new Command("seed")))
    .description("load seeds/<name>.sql or seeds/<name>.ts: data to develop, test and measure with")
    .argument("<name>", "the seed, for example dev or staging")
    .option(
      "--scale <number>",
      "how much, for a seed that is a script (default: 1)",
      decimalNumber({ least: Number.MIN_VALUE, most: Number.MAX_VALUE, words: "must be a number above 0" }),
    )
    .option(
      "--seed-value <number>",
      "where chance begins: the same number makes the same rows (default: 1)",
      wholeNumber(0, MAX_SEED),
    )
    .option("--date <date>", "the day that counts as today for these rows (default: 2026-01-01)", parseDate)
    .option("--add", "load beside the rows that are there")
    .option("--truncate", "empty the seed's tables first; asks")
    .option("--keep-indexes", "leave indexes and foreign keys in place while loading empty tables; slower")
    .option("--yes", "do not ask")
    .option("--yes-this-is-not-production", "load into a database that is not on this machine")
    .addHelpText("after", "\nExamples:\n  npx tm-db seed dev\n  npx tm-db seed staging --scale 10 --truncate\n")
    .action(async (name: string, flags: SeedFlags) => {
      await execute(flags, async (context) => {
        const { seed } = await import("../../app/seed.ts");
        return await seed({
          ...context,
          name,
          scale: flags.scale,
          seedValue: flags.seedValue,
          date: flags.date,
          add: flags.add,
          truncate: flags.truncate,
          keepIndexes: flags.keepIndexes,
          lockTimeoutMs: flags.lockTimeout,
          statementTimeoutMs: flags.statementTimeout,
          notProduction: flags.yesThisIsNotProduction,
          confirm: (question) => context.confirm(question, flags.yes === true),
        });
      });
    });
}

function parseDate(text: string): Date {
  const date = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : Number.NaN);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError("must be a date such as 2026-01-31");
  return date;
}
