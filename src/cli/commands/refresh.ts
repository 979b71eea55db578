import { Command, InvalidArgumentError, Option } from "commander";
import type { Execute } from "../execute.ts";
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
      ).argParser(parsePause),
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
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parsePause(text: string): number {
  const [, number, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(ms > 0)) throw new InvalidArgumentError("must be a time such as 30s, 5m or 1h");
  return ms;
}
