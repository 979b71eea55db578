import { type ConnectionSpec, connectionUrl } from "../core/connection-spec.ts";
import { type Problem, TmDbError } from "../core/errors.ts";
import { DERIVED_OPTIONS, POSTGREST_OPTIONS, type PostgrestValue } from "../core/postgrest-options.ts";
import { jwtSecretOption, jwtSecretSet } from "./signing-key.ts";

/** What PostgREST has to be told of a project. */
export interface PostgrestInput {
  readonly connection: ConnectionSpec;
  readonly authenticator: string;
  /** Undefined where tm-db does not know it; libpq then looks at PGPASSWORD and `~/.pgpass`. */
  readonly authenticatorPassword: string | undefined;
  readonly anonymous: string;
  readonly exposedSchemas: readonly string[];
  readonly extraSearchPath: readonly string[];
  readonly preRequest: string | undefined;
  /** The secrets that PostgREST shall accept; empty where it shall accept no token. */
  readonly secrets: readonly string[];
  /** What the project says under `postgrest`. */
  readonly options: Readonly<Record<string, PostgrestValue>>;
}

/** PostgREST's options by the names of its file, in the order in which they are written. Holds secrets. */
export type PostgrestConfig = readonly (readonly [name: string, value: PostgrestValue])[];

/** What a newcomer wants to have, and a project may say otherwise. */
const DEFAULTS: Readonly<Record<string, PostgrestValue>> = {
  // PostgREST's own default is every IPv4 address of the machine.
  "server-host": "127.0.0.1",
  "server-port": 3000,
  "db-channel-enabled": true,
  "openapi-mode": "follow-privileges",
  "openapi-security-active": true,
};

/**
 * The configuration of a project. @throws TmDbError CONFIG_INVALID for a schema that PostgREST's lists cannot name.
 */
export function postgrestConfig(input: PostgrestInput): PostgrestConfig {
  const { connection, authenticator, authenticatorPassword: password, preRequest } = input;
  const secret = jwtSecretOption(input.secrets);
  const adminPort = Number(input.options["server-port"] ?? DEFAULTS["server-port"]) + 1;
  const options = { ...DEFAULTS, "admin-server-port": adminPort, ...input.options };
  return [
    ["db-uri", connectionUrl({ ...connection, user: authenticator, password })],
    ["db-schemas", schemaList(input.exposedSchemas, "exposedSchemas")],
    ["db-extra-search-path", schemaList(input.extraSearchPath, "extraSearchPath")],
    ["db-anon-role", input.anonymous],
    ...(preRequest === undefined ? [] : [["db-pre-request", preRequest] as const]),
    ["db-channel", "pgrst"],
    ...(secret === undefined ? [] : [["jwt-secret", secret] as const]),
    ...Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ];
}

/** PostgREST splits at commas and trims. */
function schemaList(schemas: readonly string[], key: string): string {
  const impossible = schemas.filter((schema) => schema.includes(",") || schema !== schema.trim());
  if (impossible.length === 0) return schemas.join(",");
  throw new TmDbError("CONFIG_INVALID", `${key} names schemas that PostgREST cannot be told of`, {
    problems: impossible.map((schema) => ({ message: `${JSON.stringify(schema)} has a comma or a space at its edge` })),
    hint: "rename the schema: PostgREST's db-schemas is a list with commas, which cannot be quoted",
  });
}

/** The first line of a file that tm-db may write over. */
export const FILE_MARK = "# Written by tm-db postgrest config; what you change here is lost.";

/** The file that PostgREST is started with, in the format of its library configurator-pg. */
export function configFile(config: PostgrestConfig): string {
  const lines = config.map(([name, value]) => `${name} = ${fileValue(value)}`);
  return [
    FILE_MARK,
    "# It holds a password and a secret: keep it out of git, and readable for PostgREST alone.",
    "# Your own options belong into tm-db.config.json, under postgrest.",
    ...lines,
    "",
  ].join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  // `$(name)` is a reference, and `$$` one dollar.
  $: "$$",
};

/** A value as `src/Data/Configurator/Syntax.hs` of configurator-pg reads it. */
function fileValue(value: PostgrestValue): string {
  if (typeof value !== "string") return String(value);
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const escaped = value.replaceAll(/["\\$\u0000-\u001f\u007f]/g, (found) => ESCAPES[found] ?? unicodeEscape(found));
  return `"${escaped}"`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The same options as PostgREST reads them from its environment. */
export function environment(config: PostgrestConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(config.map(([name, value]) => [variableName(name), String(value)]));
}

/** What somebody said in the environment of options that tm-db does not derive. */
export function optionsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, PostgrestValue>> {
  return Object.fromEntries(
    Object.keys(POSTGREST_OPTIONS).flatMap((name) => {
      const value = env[variableName(name)];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}

function variableName(option: string): string {
  return `PGRST_${option.toUpperCase().replaceAll("-", "_")}`;
}

/** What docker, docker compose and systemd read alike in a file of `NAME=value` lines: no quoting, no reference. */
function isSameEverywhere(value: string): boolean {
  return /^(?![\s"'#])[^\n\r\\$`]*(?<!\s)$/.test(value) && !/\s#/.test(value);
}

/**
 * A file for `docker run --env-file`, `env_file:` of docker compose, and `EnvironmentFile=` of systemd.
 * @throws TmDbError CONFIG_INVALID for values that these three do not read alike.
 */
export function environmentFile(config: PostgrestConfig): string {
  const plain = config.map(([name, value]): PostgrestConfig[number] =>
    name === "jwt-secret" && !isSameEverywhere(String(value)) ? [name, jwtSecretSet([String(value)])] : [name, value],
  );
  const variables = Object.entries(environment(plain));
  const problems = variables
    .filter(([, value]) => !isSameEverywhere(value))
    .map(([name]): Problem => ({ message: `${name} holds a character that docker and systemd read differently` }));
  if (problems.length > 0) {
    throw new TmDbError("CONFIG_INVALID", "these settings do not go into a file of variables", {
      problems,
      hint: "use PostgREST's own file: npx tm-db postgrest config",
    });
  }
  return [FILE_MARK, ...variables.map(([name, value]) => `${name}=${value}`), ""].join("\n");
}

/**
 * What of it may be kept in the database, by PostgREST's names there: no connection, no secret, and nothing that PostgREST
 * does not read there. It comes before the file and the environment, so tm-db's own defaults are left to these.
 */
export function databaseSettings(
  config: PostgrestConfig,
  own: Readonly<Record<string, PostgrestValue>>,
): readonly (readonly [name: string, value: string])[] {
  return config
    .filter(([name]) => DERIVED_OPTIONS[name]?.inDatabase ?? (POSTGREST_OPTIONS[name]?.inDatabase && name in own))
    .map(([name, value]) => [databaseName(name), String(value)]);
}

function databaseName(option: string): string {
  return `pgrst.${option.replaceAll("-", "_")}`;
}

/** Every setting that `databaseSettings` can have written: what is taken back. */
export const DATABASE_SETTINGS: readonly string[] = [
  ...Object.entries(DERIVED_OPTIONS),
  ...Object.entries(POSTGREST_OPTIONS),
]
  .filter(([, { inDatabase }]) => inDatabase)
  .map(([name]) => databaseName(name));

/** Where PostgREST answers on this machine with that configuration. */
export interface Listening {
  /** Null where it listens on a Unix socket. */
  readonly api: string | null;
  readonly admin: string;
  readonly ports: readonly number[];
}

export function listening(config: PostgrestConfig): Listening {
  const options = new Map(config);
  const host = String(options.get("server-host"));
  const adminHost = String(options.get("admin-server-host") ?? host);
  const [port, adminPort] = [Number(options.get("server-port")), Number(options.get("admin-server-port"))];
  const hasSocket = options.has("server-unix-socket");
  return {
    api: hasSocket ? null : `http://${reachableHost(host)}:${port}`,
    admin: `http://${reachableHost(adminHost)}:${adminPort}`,
    ports: hasSocket ? [adminPort] : [port, adminPort],
  };
}

/** PostgREST's names for all addresses of a kind (`*`, `!4`, …) include this machine's own. */
function reachableHost(host: string): string {
  if (["*", "*4", "!4", "0.0.0.0"].includes(host)) return "127.0.0.1";
  if (["*6", "!6", "::"].includes(host)) return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
