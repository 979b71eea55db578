import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Command, Option } from "commander";
import { wholeNumber } from "./parse-number.ts";

/** The options that every command has. */
export interface SharedOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly config?: string;
  readonly databaseUrl?: string;
  readonly pg?: string;
  readonly server?: "container";
  readonly image?: string;
  /** Of commands that report findings. */
  readonly format?: "text" | "github" | "json" | "sarif";
}

export function addSharedOptions(command: Command): Command {
  return command
    .option("--json", "print one JSON document on stdout")
    .option("--quiet", "print no progress on stderr")
    .option("--config <file>", "read this file instead of tm-db.config.json; its folder is the project");
}

export function addDatabaseOptions(command: Command): Command {
  return command
    .option("--database-url <url>", "use this server; else DATABASE_URL, the PG* variables, or the embedded server")
    .addOption(
      new Option("--pg <major>", "version of the embedded server: 15, 16, 17 or 18 (the newest if it has none yet)"),
    );
}

/** For commands that are done with their server when they end. */
export function addContainerOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--server <kind>", "container: a server of its own in Docker, for this command; needs testcontainers")
        .choices(["container"])
        .conflicts(["databaseUrl", "pg"]),
    )
    .addOption(
      new Option("--image <image>", "the container's image (default: postgres:18)").implies({ server: "container" }),
    );
}

export function addTimeoutOptions(command: Command): Command {
  return command
    .option(
      "--lock-timeout <ms>",
      "how long a statement may wait for a lock; 0 is for ever (default: 10000)",
      wholeNumber(0),
    )
    .option("--statement-timeout <ms>", "how long a statement may run; 0 is for ever (default: 0)", wholeNumber(0))
    .option(
      "--lock-retries <n>",
      "how often to begin again when a lock was not free in time (default: 3)",
      wholeNumber(0),
    );
}

export interface TimeoutFlags {
  readonly lockTimeout?: number;
  readonly statementTimeout?: number;
  readonly lockRetries?: number;
}

/** The flags of `addTimeoutOptions`, as the functions of `app/` take them. */
export function timeoutsOf({ lockTimeout, statementTimeout, lockRetries }: TimeoutFlags) {
  return { lockTimeoutMs: lockTimeout, statementTimeoutMs: statementTimeout, lockRetries };
}

/** The project: the folder of `--config`, or the nearest folder upwards that holds `tm-db.config.json`, or this one. */
export function findProjectDir(cwd: string, config: string | undefined): string {
  if (config !== undefined) return dirname(resolve(cwd, config));
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "tm-db.config.json"))) return dir;
    if (dir === dirname(dir)) return cwd;
  }
}

/** The project's folder as GitHub counts paths: from the repository's root; empty where that is the project. */
export function folderInRepository({ config }: SharedOptions): string {
  const projectDir = findProjectDir(process.cwd(), config);
  return relative(process.env["GITHUB_WORKSPACE"] ?? projectDir, projectDir);
}
