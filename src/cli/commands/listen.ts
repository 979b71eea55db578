import { Command } from "commander";
import { messageJson, messageText } from "../../report/listen-text.ts";
import type { Execute } from "../execute.ts";
import { wholeNumber } from "../parse-number.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface ListenFlags extends SharedOptions {
  readonly count?: number;
}

export function listenCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("listen"))
    .description("print what is sent on channels of NOTIFY, until Ctrl-C; with --json, a line for each message")
    .argument("[channels...]", "channels; those of realtime.channels in the settings if left out")
    .option("--count <number>", "end after so many messages", wholeNumber(1))
    .addHelpText("after", "\nExamples:\n  npx tm-db listen\n  npx tm-db listen task_changes --json --count 1\n")
    .action(async (channels: readonly string[], flags: ListenFlags) => {
      await execute(
        flags,
        async (context) => {
          const { listen } = await import("../../app/listen.ts");
          return await listen({
            ...context,
            channels,
            count: flags.count,
            onMessage: (message) => {
              context.write(flags.json === true ? () => messageJson(message) : (style) => messageText(message, style));
            },
          });
        },
        { check: false, isLines: true },
      );
    });
}
