import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";
import { wholeNumber } from "../parse-number.ts";

interface RealtimeFlags extends SharedOptions {
  readonly host?: string;
  readonly port?: number;
  readonly secretFile?: string;
}

export function realtimeCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("realtime"))
    .description("pass changed records on over WebSocket, to those who may see them, until Ctrl-C")
    .option("--host <address>", "where to listen (default: 127.0.0.1)")
    .option(
      "--port <number>",
      "where to listen; 0 is any free port (default: 3002, since PostgREST has 3000 and 3001)",
      wholeNumber(0, 65_535),
    )
    .option("--secret-file <file>", "read the JWT secret from this file, and not from the database")
    .addHelpText("after", "\nExample:\n  npx tm-db realtime --port 3002\n")
    .action(async (flags: RealtimeFlags) => {
      await execute(flags, async (context) => {
        const { realtime } = await import("../../app/realtime.ts");
        return await realtime({ ...context, host: flags.host, port: flags.port, secretFile: flags.secretFile });
      });
    });
}
