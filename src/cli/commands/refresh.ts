import { Command, Option } from "commander";
import type { Execute } from "../execute.ts";
import { parseDuration } from "../parse-duration.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface RefreshFlags extends SharedOptions {
  readonly watch?: true;
  readonly every?: number;
}

export function refreshCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("refresh"))
    .description("refresh the materialized views, and recount what the project keeps count of")
    .option("--watch", "go on until Ctrl-C")
    .addOption(
      new Option(
        "--every <time>",
        "with --watch: the pause between two times, such as 30s or 5m (default: 30s)",
      ).argParser(parseDuration),
    )
    .addHelpText("after", "\nExamples:\n  npx tm-db refresh\n  npx tm-db refresh --watch --every 30s\n")
    .action(async (flags: RefreshFlags) => {
      await execute(flags, async (context) => {
        const { refresh } = await import("../../app/refresh.ts");
        return await refresh({
          ...context,
          everyMs: flags.watch === true ? (flags.every ?? DEFAULT_PAUSE_MS) : undefined,
        });
      });
    });
}

const DEFAULT_PAUSE_MS = 30_000;
