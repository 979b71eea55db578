import { resolve } from "node:path";
import type { PostgrestConfigResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { notifyReloadConfig } from "../db/notify.ts";
import { findMissingGrants, readRoleSettings, type RoleInDatabase, writeRoleSettings } from "../db/role-settings.ts";
import { withTransaction } from "../db/transaction.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { writePrivateFile } from "../files/write-private-file.ts";
import {
  configFile,
  DATABASE_SETTINGS,
  databaseSettings,
  environmentFile,
  FILE_MARK,
  type PostgrestConfig,
  postgrestConfig,
} from "../postgrest/config.ts";
import { refuseAbsentSettings } from "./absent-settings.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";
import { secretsForPostgrest } from "./signing-secret.ts";

export interface PostgrestConfigOptions extends CommandOptions {
  /** `file` for PostgREST's own file, `variables` for a file of `PGRST_…` lines, `database` for the role's settings. */
  readonly form: PostgrestConfigResult["form"];
  /** Where the file goes, from `projectDir`. */
  readonly output?: string | undefined;
  /** With `database`: takes the settings away. */
  readonly reset?: boolean | undefined;
}

/**
 * Writes down how PostgREST has to be configured for the project, and tells one that runs already to read it again.
 * @throws TmDbError FILE_EXISTS for a file that tm-db did not write; PERMISSION_DENIED where the role of the connection
 * may not set `pgrst.…`.
 */
export async function postgrestConfigure(options: PostgrestConfigOptions): Promise<PostgrestConfigResult> {
  const project = openProject(options);
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    const given = { client, project, target, options };
    const done = options.form === "database" ? await writeSettings(given) : await writeFile(given, options.form);
    await notifyReloadConfig(client);
    return { command: "postgrest config", form: options.form, database: nameOf(target, client), ...done };
  });
}

interface Given {
  readonly client: DatabaseClient;
  readonly project: Project;
  readonly target: Target;
  readonly options: PostgrestConfigOptions;
}

type Written = Pick<PostgrestConfigResult, "path" | "change" | "names" | "passwordKnown">;

const DEFAULT_FILES = { file: "postgrest.conf", variables: "postgrest.env" };

async function writeFile({ client, project, target, options }: Given, form: "file" | "variables"): Promise<Written> {
  const config = await readPostgrestConfig(client, project, target);
  const path = resolve(options.projectDir, options.output ?? DEFAULT_FILES[form]);
  const change = writePrivateFile(path, form === "file" ? configFile(config) : environmentFile(config), FILE_MARK);
  const passwordKnown = target.authenticatorPassword !== undefined;
  return { path, change, names: config.map(([name]) => name), passwordKnown };
}

async function writeSettings({ client, project, target, options }: Given): Promise<Written> {
  if (options.reset !== true) await refuseAbsentSettings(client, project);
  const wanted = options.reset === true ? [] : wantedSettings(project, target);
  const where = { role: project.config.roles.authenticator, database: target.connection.database };
  const change = await keepSettings(client, where, wanted);
  return { path: null, change, names: wanted.map(([name]) => name), passwordKnown: true };
}

/**
 * PostgREST's options for a project, with the secrets that it shall accept.
 * @throws TmDbError CONFIG_INVALID for settings that name what no deployment makes; SECRET_MISSING, SECRET_TOO_SHORT.
 */
export async function readPostgrestConfig(
  client: DatabaseClient,
  project: Project,
  target: Target,
): Promise<PostgrestConfig> {
  await refuseAbsentSettings(client, project);
  return optionsOf(project, target, await secretsForPostgrest(client, project));
}

function optionsOf({ config }: Project, target: Target, secrets: readonly string[]): PostgrestConfig {
  return postgrestConfig({
    connection: target.connection,
    authenticator: config.roles.authenticator,
    authenticatorPassword: target.authenticatorPassword,
    anonymous: config.roles.anonymous,
    exposedSchemas: config.exposedSchemas,
    extraSearchPath: config.extraSearchPath,
    preRequest: config.preRequest,
    secrets,
    options: config.postgrest,
  });
}

/** What the project keeps in the database when `--in-database` is said. */
export function wantedSettings(project: Project, target: Target): readonly (readonly [name: string, value: string])[] {
  return databaseSettings(optionsOf(project, target, []), project.config.postgrest);
}

async function keepSettings(
  client: DatabaseClient,
  where: RoleInDatabase,
  wanted: readonly (readonly [name: string, value: string])[],
): Promise<"written" | "unchanged"> {
  return await withTransaction(client, "read write", async () => {
    const present = new Map(await readRoleSettings(client, where));
    const set = wanted.filter(([name, value]) => present.get(name) !== value);
    const names = new Set(wanted.map(([name]) => name));
    const reset = DATABASE_SETTINGS.filter((name) => present.has(name) && !names.has(name));
    if (set.length + reset.length === 0) return "unchanged";
    await refuseWithoutGrant(client, [...set.map(([name]) => name), ...reset]);
    await writeRoleSettings(client, where, { set, reset });
    return "written";
  });
}

/** PostgreSQL lets a role set what it does not know only if a superuser says so, name by name. */
async function refuseWithoutGrant(client: DatabaseClient, names: readonly string[]): Promise<void> {
  const { role, missing } = await findMissingGrants(client, names);
  if (missing.length === 0) return;
  throw new TmDbError("PERMISSION_DENIED", `${role} may not set ${missing.join(", ")}`, {
    hint: `as a superuser, once: grant set on parameter ${missing.join(", ")} to ${quoteIdent(role)};   (or use a file: npx tm-db postgrest config)`,
  });
}
