import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addContainerOptions, addDatabaseOptions, type SharedOptions } from "../shared-options.ts";
import { writeReport } from "../write-report.ts";
import { decimalNumber, wholeNumber } from "../parse-number.ts";

interface MutateFlags extends SharedOptions {
  readonly since?: string;
  readonly only?: string;
  readonly minScore?: number;
  readonly html?: string;
  readonly jobs?: number;
  readonly timeout?: number;
}

export function mutateCommand(execute: Execute): Command {
  return addContainerOptions(addDatabaseOptions(new Command("mutate")))
    .description("damage each policy, grant, function and constraint, and see whether a policy test notices")
    .option("--since <ref>", "only what files declare that changed since this commit, branch or tag")
    .option("--only <pattern>", "only damages whose name this regular expression finds, such as api.tasks")
    .option(
      "--min-score <percent>",
      "how many of the damages must be noticed (default: 100)",
      decimalNumber({ least: 0, most: 100, words: "must be a number from 0 to 100" }),
    )
    .option("--html <file>", "write the result as a page, too")
    .option(
      "--jobs <count>",
      "how many databases to run on side by side (default: as many as processors)",
      wholeNumber(1),
    )
    .option(
      "--timeout <ms>",
      "how long a file of tests may run (default: 5000, and ten times what it takes undamaged)",
      wholeNumber(1),
    )
    .addHelpText("after", "\nExample:\n  npx tm-db mutate --since main\n")
    .action(async (flags: MutateFlags) => {
      await execute(flags, async (context) => {
        const { mutate } = await import("../../app/mutate.ts");
        const { since, only, minScore, jobs, timeout } = flags;
        const result = await mutate({ ...context, since, only, minScore, jobs, timeoutMs: timeout });
        if (flags.html !== undefined) {
          const { mutateHtml } = await import("../../report/mutate-html.ts");
          await writeReport(flags.html, mutateHtml(result));
        }
        return result;
      });
    });
}
