import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import type { MutateResult } from "../../core/command-result.ts";
import { TmDbError } from "../../core/errors.ts";
import { mutateHtml } from "../../report/mutate-html.ts";
import type { Execute } from "../execute.ts";
import { addContainerOptions, addDatabaseOptions, parseCount, type SharedOptions } from "../shared-options.ts";

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
    .option("--min-score <percent>", "how many of the damages must be noticed (default: 100)", parsePercent)
    .option("--html <file>", "write the result as a page, too")
    .option("--jobs <count>", "how many databases to run on side by side (default: as many as processors)", parseCount)
    .option(
      "--timeout <ms>",
      "how long a file of tests may run (default: 5000, and ten times what it takes undamaged)",
      parseCount,
    )
    .addHelpText("after", "\nExample:\n  npx tm-db mutate --since main\n")
    .action(async (flags: MutateFlags) => {
      await execute(flags, async (context) => {
        const { mutate } = await import("../../app/mutate.ts");
        const { since, only, minScore, jobs, timeout } = flags;
        const result = await mutate({ ...context, since, only, minScore, jobs, timeoutMs: timeout });
        if (flags.html !== undefined) await writePage(flags.html, result);
        return result;
      });
    });
}

async function writePage(file: string, result: MutateResult): Promise<void> {
  try {
    await writeFile(file, mutateHtml(result));
  } catch (error) {
    throw new TmDbError("FILE_UNWRITABLE", `the page cannot be written to ${file}: ${(error as Error).message}`, {
      hint: "name a file in a folder that exists and that you may write to",
      cause: error,
    });
  }
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() === "" || !(percent >= 0 && percent <= 100))
    throw new InvalidArgumentError("must be a number from 0 to 100");
  return percent;
}
