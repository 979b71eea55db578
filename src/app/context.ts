import { type Config, loadConfig } from "../config/config.ts";
import type { DatabaseName } from "../core/command-result.ts";
import { type ConnectionSpec, describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import type { DatabaseClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";
import { assertProject } from "../files/read-project.ts";
import { findEmbedded, isOwnAddress, startEmbedded } from "../server/embedded.ts";
import { EMBEDDED_MAJORS, type EmbeddedMajor } from "../server/state-file.ts";
import { connectionSpecFromEnvironment, connectionSpecFromUrl } from "../server/url.ts";

/** What every command is called with: where, and who listens. */
export interface CommandOptions {
  /** The folder of the project; normally the current one. */
  readonly projectDir: string;
  readonly configFile?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Major version for the embedded server. */
  readonly pg?: string | undefined;
  /** @internal The server that was started for this command alone; before all others. */
  readonly container?: ConnectionSpec | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onEvent: EventListener;
  readonly signal?: AbortSignal | undefined;
  /** @internal Whether the process ends with the command. */
  readonly endsProcess?: boolean | undefined;
}

/** A project whose settings were read. */
export interface Project {
  readonly options: CommandOptions;
  readonly config: Config;
}

/** @throws TmDbError USAGE for an option that a program has left out; what reading the settings throws. */
export function openProject(options: CommandOptions): Project {
  refuseMissing(options);
  return { options, config: loadConfig(options.projectDir, options.configFile) };
}

/** Not every program that calls a command is checked by a compiler. */
function refuseMissing(options: Partial<CommandOptions>): void {
  const missing = (["projectDir", "env", "onEvent"] as const).filter((name) => options[name] === undefined);
  if (missing.length === 0) return;
  throw new TmDbError("USAGE", `the options of a command lack ${missing.join(", ")}`, {
    hint: "for example: await migrate({ projectDir: process.cwd(), env: process.env, onEvent: () => {} })",
  });
}

/** A database of a project that can be connected to. */
export interface Target {
  readonly kind: "embedded" | "url";
  readonly connection: ConnectionSpec;
  /** Another database of the same server, for `drop database` and `create database`. */
  readonly maintenance: ConnectionSpec;
  /** Known for the embedded server, and otherwise from TM_DB_AUTHENTICATOR_PASSWORD. */
  readonly authenticatorPassword: string | undefined;
  readonly started: boolean;
  readonly created: boolean;
}

/**
 * Finds the database of a project: `--database-url`, else DATABASE_URL, else the PG* variables, else the embedded
 * server, which is started if `start` says so. A DATABASE_URL that `tm-db env` printed is the embedded server's.
 * @throws TmDbError USAGE for a malformed URL or version; SERVER_NOT_RUNNING; what the embedded server throws.
 */
export async function openTarget(project: Project, start: "start" | "must-run"): Promise<Target> {
  const url = urlConnection(project);
  return url === undefined ? await embeddedTarget(project, start) : urlTarget(project, url);
}

/** Whether a database is named, so that the embedded server is not needed. @throws TmDbError USAGE for a malformed URL. */
export function namesServer(project: Project): boolean {
  return urlConnection(project) !== undefined;
}

function urlConnection({ options, config }: Project): ConnectionSpec | undefined {
  const { projectDir, container, databaseUrl, env } = options;
  if (container !== undefined) return container;
  if (databaseUrl !== undefined) return connectionSpecFromUrl(databaseUrl, "--database-url", env);
  const fromEnvironment = env["DATABASE_URL"];
  if (fromEnvironment === undefined || fromEnvironment === "") return connectionSpecFromEnvironment(env);
  const spec = connectionSpecFromUrl(fromEnvironment, "DATABASE_URL", env);
  return isOwnAddress(projectDir, spec, namedDatabase(config)) ? undefined : spec;
}

function namedDatabase({ database, isDatabaseNamed }: Config): string | undefined {
  return isDatabaseNamed ? database : undefined;
}

function urlTarget({ options }: Project, connection: ConnectionSpec): Target {
  if (options.pg !== undefined) {
    throw new TmDbError(
      "USAGE",
      `--pg chooses the embedded server's version, and ${connection.source} names another server`,
      {
        hint: "leave --pg out, or unset the variable",
      },
    );
  }
  return {
    kind: "url",
    connection,
    maintenance: { ...connection, database: connection.database === "postgres" ? "template1" : "postgres" },
    authenticatorPassword: nonEmpty(options.env["TM_DB_AUTHENTICATOR_PASSWORD"]),
    started: false,
    created: false,
  };
}

async function embeddedTarget({ options, config }: Project, start: "start" | "must-run"): Promise<Target> {
  const { projectDir, onEvent, signal } = options;
  const major = parseMajor(options.pg);
  const chosenPassword = nonEmpty(options.env["TM_DB_AUTHENTICATOR_PASSWORD"]);
  const found = findEmbedded({ projectDir });
  // A folder that was renamed has its database under the former name.
  const database = namedDatabase(config) ?? found?.connection.database ?? config.database;
  if (start === "start") {
    const server = await startEmbedded({ projectDir, major, database, onEvent, signal });
    return {
      kind: "embedded",
      connection: server.connection,
      maintenance: { ...server.connection, database: "postgres" },
      authenticatorPassword: chosenPassword ?? server.authenticatorPassword,
      started: server.started,
      created: server.created,
    };
  }
  if (found === undefined || !found.running || (major !== undefined && major !== found.major)) {
    // `up` would refuse that folder.
    if (found?.running !== true) assertProject(config);
    const runsAnother = found?.running === true ? `: PostgreSQL ${found.major} is` : "";
    throw new TmDbError("SERVER_NOT_RUNNING", `${serverWords(major)} is not running${runsAnother}`, {
      hint: `start it: npx tm-db up${major === undefined ? "" : ` --pg ${major}`}   (or name another server with --database-url)`,
    });
  }
  return {
    kind: "embedded",
    connection: { ...found.connection, database },
    maintenance: { ...found.connection, database: "postgres" },
    authenticatorPassword: chosenPassword ?? found.authenticatorPassword,
    started: false,
    created: false,
  };
}

function serverWords(major: EmbeddedMajor | undefined): string {
  return `the embedded server of this project${major === undefined ? "" : `, as PostgreSQL ${major},`}`;
}

/** The version that `--pg` names. @throws TmDbError USAGE for one that the embedded server does not come in. */
export function parseMajor(text: string | undefined): EmbeddedMajor | undefined {
  if (text === undefined) return undefined;
  const major = EMBEDDED_MAJORS.find((known) => String(known) === text);
  if (major !== undefined) return major;
  throw new TmDbError("USAGE", `--pg ${text} is none of ${EMBEDDED_MAJORS.join(", ")}`, {
    hint: "for example: npx tm-db up --pg 17",
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}

/** The database's name for results and questions. */
export function nameOf(target: Pick<Target, "connection">, client: DatabaseClient): DatabaseName {
  return {
    address: describeConnection(target.connection),
    source: target.connection.source,
    version: serverVersion(client).text,
  };
}
