import { resolve } from "node:path";
import { Command, Option } from "commander";
import { TmDbError } from "../../core/errors.ts";
import { POSTGREST_MAJORS } from "../../core/postgrest-options.ts";
import type { Execute } from "../execute.ts";
import { parseDuration } from "../parse-duration.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";
import { wholeNumber } from "../parse-number.ts";

interface ConfigFlags extends SharedOptions {
  readonly output?: string;
  readonly env?: true;
  readonly inDatabase?: true;
  readonly reset?: true;
}

interface RunFlags extends SharedOptions {
  readonly bin?: string;
  readonly port?: number;
  readonly readyTimeout?: number;
}

export function postgrestCommand(execute: Execute): Command {
  return new Command("postgrest")
    .description("configure PostgREST for this project, or run it")
    .addCommand(configCommand(execute))
    .addCommand(runCommand(execute))
    .addHelpText("after", "\nExamples:\n  npx tm-db postgrest config\n  npx tm-db postgrest run\n");
}

function configCommand(execute: Execute): Command {
  const { oldest, newest } = POSTGREST_MAJORS;
  return addDatabaseOptions(new Command("config"))
    .description(
      `write postgrest.conf, with its secrets, for PostgREST ${oldest} to ${newest}; one that runs with it reads it again`,
    )
    .option("--output <file>", "write this file (default: postgrest.conf, or postgrest.env, in the project)")
    .option("--env", "write PGRST_… lines for docker and systemd instead of PostgREST's own file")
    .addOption(
      new Option("--in-database", "keep the settings on PostgREST's role in this database, without secrets").conflicts([
        "output",
        "env",
      ]),
    )
    .option("--reset", "with --in-database: take these settings away")
    .addHelpText(
      "after",
      "\nExamples:\n  npx tm-db postgrest config && postgrest postgrest.conf\n  npx tm-db postgrest config --env --output deploy/postgrest.env\n",
    )
    .action(async (flags: ConfigFlags) => {
      if (flags.reset === true && flags.inDatabase !== true) {
        throw new TmDbError("USAGE", "--reset takes settings out of the database only", {
          hint: "npx tm-db postgrest config --in-database --reset   (a file is simply removed)",
        });
      }
      await execute(flags, async (context) => {
        const { postgrestConfigure } = await import("../../app/postgrest-config.ts");
        // Where a person types a path, it is seen from where they are.
        const output = flags.output === undefined ? undefined : resolve(flags.output);
        const form = flags.inDatabase === true ? "database" : flags.env === true ? "variables" : "file";
        return await postgrestConfigure({ ...context, form, output, reset: flags.reset });
      });
    });
}

function runCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("run"))
    .description("run a PostgREST that is installed here on the project's database, until Ctrl-C")
    .option("--bin <file>", "the program; else POSTGREST_BIN, or postgrest on the PATH")
    .addOption(
      new Option("--port <port>", "the API's port; the one after it is the admin server's (default: 3000)").argParser(
        wholeNumber(1, 65_534),
      ),
    )
    .addOption(
      new Option("--ready-timeout <time>", "how long it may take to be ready (default: 1m)").argParser(parseDuration),
    )
    .addHelpText("after", "\nExample:\n  npx tm-db postgrest run --bin ~/bin/postgrest --port 3100\n")
    .action(async (flags: RunFlags) => {
      await execute(flags, async (context) => {
        const { postgrestRun } = await import("../../app/postgrest-run.ts");
        const { bin, port, readyTimeout: readyTimeoutMs } = flags;
        return await postgrestRun({ ...context, bin, port, readyTimeoutMs });
      });
    });
}
