import type { Config } from "../config/config.ts";
import { type ConfigChoice, configName, settingPlace } from "../config/setting-place.ts";
import { type SourceLocation, TmDbError } from "../core/errors.ts";
import { findAbsentObjects, type NamedObject, objectWords } from "../db/absent-objects.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { readLedger } from "../deploy/ledger.ts";
import { compareFiles } from "../deploy/plan.ts";
import { readProjectFiles } from "../files/read-project.ts";
import type { Project } from "./context.ts";

/** A setting that names what the database does not have. */
export interface AbsentSetting {
  /** `roles.authenticator`, `exposedSchemas[1]`. */
  readonly setting: string;
  /** `there is no role anonymous`. */
  readonly message: string;
  /** Where the settings say it. */
  readonly place: SourceLocation;
}

/**
 * The settings that name what is not there, whether misspelt or not made yet; those that are left to their default are
 * none. `among`: the beginnings of those that are asked for.
 */
export async function findAbsentSettings(
  client: DatabaseClient,
  { config, options }: Project,
  among: readonly string[] = [""],
): Promise<readonly AbsentSetting[]> {
  const asked = namedObjects(config).filter(({ setting }) => among.some((start) => setting.startsWith(start)));
  return (await findAbsentObjects(client, asked)).flatMap((named) => absentSetting(options, named));
}

/** The same of an object that is known to be absent. */
export function absentSetting(options: ConfigChoice, { setting, object }: NamedBySetting): AbsentSetting[] {
  const place = settingPlace(options, setting);
  return place === undefined ? [] : [{ setting, message: `there is no ${objectWords(object)}`, place }];
}

/** `tm-db.config.json:5:5 roles.anonymous: there is no role anonymus`. */
export function absentWords({ setting, message, place }: AbsentSetting): string {
  return `${place.file}:${place.line}:${place.column} ${setting}: ${message}`;
}

/**
 * Says of settings that they name what no deployment will make. While files wait to be deployed, nothing is known.
 * @throws TmDbError CONFIG_INVALID.
 */
export async function refuseAbsentSettings(
  client: DatabaseClient,
  project: Project,
  among: readonly string[] = NEEDED,
): Promise<void> {
  const absent = await findAbsentSettings(client, project, among);
  if (absent.length === 0 || !(await knowsAllDeployed(client, project))) return;
  const name = configName(project.options);
  throw new TmDbError("CONFIG_INVALID", `${name} names what the database does not have`, {
    problems: absent.map(({ setting, message, place }) => ({ message: `${setting}: ${message}`, location: place })),
    hint: `mend ${name}; or make it in a migration: npx tm-db new <name>`,
  });
}

/** Whether a deployment would do nothing, so that what is not there now will not be there after one either. */
export async function isAllDeployed(client: DatabaseClient, { config }: Project): Promise<boolean> {
  try {
    const files = readProjectFiles(config);
    return compareFiles(files, await readLedger(client)).every(({ state }) => state === "applied");
  } catch (error) {
    // In a folder without migrations somebody else deploys.
    if (error instanceof TmDbError) return error.code === "PROJECT_NOT_FOUND";
    throw error;
  }
}

/** Not everybody may read the ledger. */
async function knowsAllDeployed(client: DatabaseClient, project: Project): Promise<boolean> {
  try {
    return await isAllDeployed(client, project);
  } catch (error) {
    if (isDatabaseError(error)) return false;
    throw error;
  }
}

/** What PostgREST cannot do without. A schema of the search path that is not there is passed over. */
const NEEDED = ["roles.", "exposedSchemas", "preRequest", "jwtSecret"];

export interface NamedBySetting {
  readonly setting: string;
  readonly object: NamedObject;
}

function namedObjects(config: Config): readonly NamedBySetting[] {
  const { roles, exposedSchemas, extraSearchPath, preRequest, jwtSecret, jwtRotation } = config;
  const [schema = "", name = ""] = preRequest?.split(".") ?? [];
  return [
    role("roles.authenticator", roles.authenticator),
    role("roles.anonymous", roles.anonymous),
    ...exposedSchemas.map((each, index) => schemaNamed(`exposedSchemas[${index}]`, each)),
    ...extraSearchPath.map((each, index) => schemaNamed(`extraSearchPath[${index}]`, each)),
    ...(preRequest === undefined
      ? []
      : [{ setting: "preRequest", object: { kind: "function", schema, name } } satisfies NamedBySetting]),
    ...(jwtSecret === undefined ? [] : [columnNamed("jwtSecret", jwtSecret)]),
    ...(jwtSecret === undefined || jwtRotation === undefined
      ? []
      : Object.entries(jwtRotation).map(([key, column]) =>
          columnNamed(`jwtRotation.${key}`, { ...jwtSecret, column: String(column) }),
        )),
  ];
}

function role(setting: string, name: string): NamedBySetting {
  return { setting, object: { kind: "role", name } };
}

function schemaNamed(setting: string, name: string): NamedBySetting {
  return { setting, object: { kind: "schema", name } };
}

function columnNamed(setting: string, column: NonNullable<Config["jwtSecret"]>): NamedBySetting {
  return { setting, object: { kind: "column", ...column } };
}
