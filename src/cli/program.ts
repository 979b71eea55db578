import { Command } from "commander";
import { TOOL_VERSION } from "../core/tool-version.ts";
import { adoptCommand } from "./commands/adopt.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { auditCommand } from "./commands/audit.ts";
import { driftCommand } from "./commands/drift.ts";
import { envCommand } from "./commands/env.ts";
import { importCommand } from "./commands/import.ts";
import { lintCommand } from "./commands/lint.ts";
import { listenCommand } from "./commands/listen.ts";
import { matrixCommand } from "./commands/matrix.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { mutateCommand } from "./commands/mutate.ts";
import { newCommand } from "./commands/new.ts";
import { planCommand } from "./commands/plan.ts";
import { postgrestCommand } from "./commands/postgrest.ts";
import { realtimeCommand } from "./commands/realtime.ts";
import { refreshCommand } from "./commands/refresh.ts";
import { resetCommand } from "./commands/reset.ts";
import { resolveCommand } from "./commands/resolve.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { secretCommand } from "./commands/secret.ts";
import { seedCommand } from "./commands/seed.ts";
import { statusCommand } from "./commands/status.ts";
import { stopCommand } from "./commands/stop.ts";
import { sumCommand } from "./commands/sum.ts";
import { testCommand } from "./commands/test.ts";
import { tokenCommand } from "./commands/token.ts";
import { upCommand } from "./commands/up.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { Execute } from "./execute.ts";
import { addSharedOptions } from "./shared-options.ts";

/** Every command, in the groups that `--help` shows. */
const GROUPS = {
  Develop: {
    up: upCommand,
    stop: stopCommand,
    env: envCommand,
    seed: seedCommand,
    refresh: refreshCommand,
    reset: resetCommand,
  },
  Deploy: {
    new: newCommand,
    plan: planCommand,
    migrate: migrateCommand,
    rollback: rollbackCommand,
    status: statusCommand,
    resolve: resolveCommand,
    sum: sumCommand,
    adopt: adoptCommand,
    import: importCommand,
  },
  Prove: {
    test: testCommand,
    matrix: matrixCommand,
    mutate: mutateCommand,
    verify: verifyCommand,
    drift: driftCommand,
    lint: lintCommand,
    audit: auditCommand,
    doctor: doctorCommand,
  },
  Serve: {
    postgrest: postgrestCommand,
    token: tokenCommand,
    secret: secretCommand,
    listen: listenCommand,
    realtime: realtimeCommand,
  },
};

const COMMANDS: readonly (readonly [group: string, name: string, build: (execute: Execute) => Command])[] =
  Object.entries(GROUPS).flatMap(([group, commands]) =>
    Object.entries(commands).map(([name, build]) => [group, name, build] as const),
  );

/**
 * The whole command line; `docs/cli.md` is generated from it. Where `only` is a command's name, the others are left out:
 * whoever has named one does not wait for twenty to be described.
 */
export function buildProgram(execute: Execute, only?: string): Command {
  const program = new Command("tm-db")
    .description("Build, take back and prove PostgreSQL databases for PostgREST.")
    .version(TOOL_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    // An option belongs to the command that it stands behind: `token decode --json`.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nExample:\n  npx tm-db up     a server, the database and its development data, from nothing\n",
    );
  const named = COMMANDS.filter(([, name]) => name === only);
  for (const [group, , build] of named.length > 0 ? named : COMMANDS) {
    program.addCommand(finish(build(execute)).helpGroup(`${group}:`));
  }
  return program;
}

/** A command that only groups others has no options but `--help`: the others have them. */
function finish(command: Command): Command {
  command.commands.forEach(finish);
  const isGroup = command.commands.length > 0 && command.options.length === 0;
  if (isGroup) command.helpCommand(false);
  else addSharedOptions(command);
  return command.helpOption("-h, --help", "print help");
}

/** A command and those within it, each with all words that are typed to call it. */
export function withSubcommands(command: Command, before = ""): (readonly [name: string, command: Command])[] {
  const name = `${before}${command.name()}`;
  return [[name, command], ...command.commands.flatMap((inner) => withSubcommands(inner, `${name} `))];
}
