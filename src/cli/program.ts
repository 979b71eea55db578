import { Command } from "commander";
import { TOOL_VERSION } from "../core/tool-version.ts";
import { adoptCommand } from "./commands/adopt.ts";
import { driftCommand } from "./commands/drift.ts";
import { envCommand } from "./commands/env.ts";
import { importCommand } from "./commands/import.ts";
import { lintCommand } from "./commands/lint.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { newCommand } from "./commands/new.ts";
import { planCommand } from "./commands/plan.ts";
import { refreshCommand } from "./commands/refresh.ts";
import { resetCommand } from "./commands/reset.ts";
import { resolveCommand } from "./commands/resolve.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { seedCommand } from "./commands/seed.ts";
import { statusCommand } from "./commands/status.ts";
import { stopCommand } from "./commands/stop.ts";
import { sumCommand } from "./commands/sum.ts";
import { upCommand } from "./commands/up.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { Execute } from "./execute.ts";
import { addSharedOptions } from "./shared-options.ts";

/** The whole command line. `docs/cli.md` is generated from it. */
export function buildProgram(execute: Execute): Command {
  const program = new Command("tm-db")
    .description("Build, take back and prove PostgreSQL databases for PostgREST.")
    .version(TOOL_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText(
      "after",
      "\nExample:\n  npx tm-db up     a server, the database and its development data, from nothing\n",
    );
  const commands = [
    upCommand(execute),
    stopCommand(execute),
    envCommand(execute),
    planCommand(execute),
    migrateCommand(execute),
    rollbackCommand(execute),
    statusCommand(execute),
    resolveCommand(execute),
    newCommand(execute),
    sumCommand(execute),
    importCommand(execute),
    verifyCommand(execute),
    driftCommand(execute),
    adoptCommand(execute),
    lintCommand(execute),
    refreshCommand(execute),
    seedCommand(execute),
    resetCommand(execute),
  ];
  for (const command of commands) program.addCommand(addSharedOptions(command).helpOption("-h, --help", "print help"));
  return program;
}
