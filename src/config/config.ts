import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { jsonProblem } from "../core/json-problem.ts";
import { DERIVED_OPTIONS, POSTGREST_OPTIONS, type PostgrestValue } from "../core/postgrest-options.ts";
import type { RealtimeChannel, RealtimeParent } from "../core/realtime-channel.ts";
import { type ConfigFile, OWN_DATABASES, Reader } from "./reader.ts";
import { configName, configPath } from "./setting-place.ts";

/** The folder names of a project, relative to it. */
export interface ProjectPaths {
  readonly migrations: string;
  readonly functions: string;
  readonly views: string;
  readonly policies: string;
  readonly seeds: string;
  /** Policy tests and their fixtures. */
  readonly tests: string;
}

/** What `tm-db.config.json` says, complete and checked. */
export interface Config {
  /** Absolute path of the project. */
  readonly projectDir: string;
  /** Name of the database that the embedded server holds for this project. */
  readonly database: string;
  /** Whether the settings say so; else it is the folder's name, where the server holds none yet. */
  readonly isDatabaseNamed: boolean;
  readonly paths: ProjectPaths;
  /** What PostgREST exposes (`db-schemas`), the first one being its default. */
  readonly exposedSchemas: readonly string[];
  /** PostgREST's `db-extra-search-path`. */
  readonly extraSearchPath: readonly string[];
  readonly roles: { readonly authenticator: string; readonly anonymous: string };
  /** PostgREST's `db-pre-request`, as `schema.function`. */
  readonly preRequest: string | undefined;
  /** Functions without arguments that recount figures and answer how many were wrong; `tm-db refresh` calls them. */
  readonly recount: readonly FunctionRef[];
  /** The column of a one-row table that holds the JWT secret. */
  readonly jwtSecret: ColumnRef | undefined;
  /** Columns of the same row, for the time in which one secret takes the place of another. */
  readonly jwtRotation: JwtRotation | undefined;
  /** Where PostgREST answers, and where its admin server does; for `tm-db doctor`. */
  readonly postgrestUrl: string | undefined;
  readonly postgrestAdminUrl: string | undefined;
  /** How a token is issued for a user of the project. */
  readonly token: TokenConfig | undefined;
  /** Options of PostgREST that no other setting decides, by PostgREST's own names. */
  readonly postgrest: Readonly<Record<string, PostgrestValue>>;
  readonly lint: { readonly ignore: readonly IgnoredRule[] };
  /** Objects that something else looks after, in the words of `tm-db drift`: `schema storage`, `role supabase_admin`. */
  readonly ignore: readonly string[];
  readonly realtime: RealtimeConfig;
  readonly matrix: MatrixConfig;
}

/** What `tm-db listen` and `tm-db realtime` follow. */
export interface RealtimeConfig {
  readonly channels: readonly RealtimeChannel[];
  /** Pages that may connect, by their origins, or `*`; undefined for those of this machine. */
  readonly allowedOrigins: readonly string[] | undefined;
}

/** What `tm-db matrix` cannot find out, or shall not. */
export interface MatrixConfig {
  /** Names of the people that it is about, in their order; everybody whom the fixtures make if not given. */
  readonly personas: readonly string[] | undefined;
  /** The column that tells people apart, and the claim that holds it. */
  readonly people: ColumnRef | undefined;
  readonly claim: string | undefined;
  /** Tables that say who belongs to what, as `schema.table`. */
  readonly memberships: readonly string[] | undefined;
}

/** A rule that `tm-db lint` leaves out: everywhere, or in one file. */
export interface IgnoredRule {
  readonly rule: string;
  /** Relative to the project, with `/`. */
  readonly path: string | undefined;
}

export interface FunctionRef {
  readonly schema: string;
  readonly name: string;
}

export interface ColumnRef {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Names of columns beside the JWT secret. */
export interface JwtRotation {
  /** Holds the secret that will sign next. */
  readonly standby: string;
  /** Holds the secret that signed before. */
  readonly previous: string;
  /** Holds the time until which `previous` is accepted. */
  readonly previousUntil: string;
}

export interface TokenConfig {
  /** One row, one column: the token of the user whose name is `$1`. */
  readonly query: string;
  /** The user that `tm-db up` makes a token for. */
  readonly devUser: string | undefined;
}

const DEFAULT_PATHS: ProjectPaths = {
  migrations: "migrations",
  functions: "functions",
  views: "views",
  policies: "policies",
  seeds: "seeds",
  tests: "test/policies",
};

/**
 * Reads the settings of a project. `configFile` is the path that `--config` gave; without it, `tm-db.config.json` in
 * `projectDir` is read where there is one, and every setting has a default.
 * @throws TmDbError CONFIG_INVALID with every problem, not the first; FILE_UNREADABLE.
 */
export function loadConfig(projectDir: string, configFile: string | undefined): Config {
  const choice = { projectDir, configFile };
  const [path, name] = [configPath(choice), configName(choice)];
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (missing && configFile === undefined) return parseConfig({}, projectDir, { name });
    throw new TmDbError(
      "FILE_UNREADABLE",
      `cannot read ${path}: ${missing ? "there is no such file" : (error as Error).message}`,
      {
        hint: "name another file with --config, or leave it out to use the defaults",
      },
    );
  }
  const json = text.replace(/^\uFEFF/, "");
  const problem = jsonProblem(name, json);
  if (problem !== undefined) {
    throw new TmDbError("CONFIG_INVALID", `${name} is not JSON: ${problem.message}`, {
      location: problem.location,
      hint: `mend ${name}; docs/tm-db.config.schema.json of the package tm-db describes the keys`,
    });
  }
  return parseConfig(JSON.parse(json), projectDir, { name, text: json });
}

/** Turns untrusted JSON into a complete `Config`, or throws with everything that is wrong with it. */
export function parseConfig(raw: unknown, projectDir: string, file: ConfigFile): Config {
  const reader = new Reader(file);
  const root = reader.object(raw, "", [
    "$schema",
    "database",
    "paths",
    "exposedSchemas",
    "extraSearchPath",
    "roles",
    "ignore",
    "preRequest",
    "recount",
    "jwtSecret",
    "jwtRotation",
    "token",
    "postgrestUrl",
    "postgrestAdminUrl",
    "lint",
    "postgrest",
    "realtime",
    "matrix",
  ]);
  const paths = reader.object(root["paths"] ?? {}, "paths", Object.keys(DEFAULT_PATHS));
  const roles = reader.object(root["roles"] ?? {}, "roles", ["authenticator", "anonymous"]);
  const token = root["token"] === undefined ? undefined : reader.object(root["token"], "token", ["query", "devUser"]);
  const lint = reader.object(root["lint"] ?? {}, "lint", ["ignore"]);
  const postgrest = reader.object(
    root["postgrest"] ?? {},
    "postgrest",
    Object.keys(POSTGREST_OPTIONS),
    DERIVED_OPTIONS,
  );
  const rotation =
    root["jwtRotation"] === undefined
      ? undefined
      : reader.object(root["jwtRotation"], "jwtRotation", ["standby", "previous", "previousUntil"]);
  const exposedSchemas = reader.names(root["exposedSchemas"], "exposedSchemas") ?? ["api"];
  const matrix = reader.object(root["matrix"] ?? {}, "matrix", ["personas", "people", "claim", "memberships"]);
  const config: Config = {
    projectDir,
    database: reader.database(root["database"], "database") ?? defaultDatabaseName(projectDir),
    isDatabaseNamed: root["database"] !== undefined,
    paths: {
      migrations: reader.folder(paths["migrations"], "paths.migrations") ?? DEFAULT_PATHS.migrations,
      functions: reader.folder(paths["functions"], "paths.functions") ?? DEFAULT_PATHS.functions,
      views: reader.folder(paths["views"], "paths.views") ?? DEFAULT_PATHS.views,
      policies: reader.folder(paths["policies"], "paths.policies") ?? DEFAULT_PATHS.policies,
      seeds: reader.folder(paths["seeds"], "paths.seeds") ?? DEFAULT_PATHS.seeds,
      tests: reader.folder(paths["tests"], "paths.tests") ?? DEFAULT_PATHS.tests,
    },
    exposedSchemas,
    extraSearchPath: reader.names(root["extraSearchPath"], "extraSearchPath") ?? ["public"],
    roles: {
      authenticator: reader.name(roles["authenticator"], "roles.authenticator") ?? "authenticator",
      anonymous: reader.name(roles["anonymous"], "roles.anonymous") ?? "anonymous",
    },
    ignore: (reader.list(root["ignore"], "ignore") ?? []).flatMap((item, index) =>
      reader.ignored(item, `ignore[${index}]`, exposedSchemas),
    ),
    preRequest: reader.dotted(root["preRequest"], "preRequest", 2)?.join("."),
    recount: (reader.list(root["recount"], "recount") ?? []).flatMap((item, index) =>
      functionRef(reader.dotted(item, `recount[${index}]`, 2)),
    ),
    jwtSecret: columnRef(reader.dotted(root["jwtSecret"], "jwtSecret", 3)),
    jwtRotation:
      rotation === undefined
        ? undefined
        : {
            standby: reader.name(rotation["standby"], "jwtRotation.standby", { required: true }) ?? "",
            previous: reader.name(rotation["previous"], "jwtRotation.previous", { required: true }) ?? "",
            previousUntil:
              reader.name(rotation["previousUntil"], "jwtRotation.previousUntil", { required: true }) ?? "",
          },
    token:
      token === undefined
        ? undefined
        : {
            query: reader.text(token["query"], "token.query", { required: true }) ?? "",
            devUser: reader.text(token["devUser"], "token.devUser"),
          },
    postgrestUrl: reader.text(root["postgrestUrl"], "postgrestUrl"),
    postgrestAdminUrl: reader.text(root["postgrestAdminUrl"], "postgrestAdminUrl"),
    lint: {
      ignore: (reader.list(lint["ignore"], "lint.ignore") ?? []).flatMap((item, index) =>
        ignoredRule(reader.text(item, `lint.ignore[${index}]`)),
      ),
    },
    postgrest: Object.fromEntries(
      Object.entries(POSTGREST_OPTIONS)
        .filter(([name]) => postgrest[name] !== undefined)
        .flatMap(([name, option]) => {
          const value = reader.scalar(postgrest[name], `postgrest.${name}`, option.type);
          return value === undefined ? [] : [[name, value]];
        }),
    ),
    realtime: realtimeConfig(reader, root["realtime"] ?? {}, exposedSchemas),
    matrix: {
      personas: reader
        .list(matrix["personas"], "matrix.personas")
        ?.flatMap((item, index) => reader.text(item, `matrix.personas[${index}]`) ?? []),
      people: columnRef(reader.dotted(matrix["people"], "matrix.people", 3)),
      claim: reader.text(matrix["claim"], "matrix.claim"),
      memberships: reader
        .list(matrix["memberships"], "matrix.memberships")
        ?.flatMap((item, index) => reader.dotted(item, `matrix.memberships[${index}]`, 2)?.join(".") ?? []),
    },
  };
  if (reader.problems.length > 0) {
    throw new TmDbError(
      "CONFIG_INVALID",
      `${file.name} has ${reader.problems.length === 1 ? "a problem" : `${reader.problems.length} problems`}`,
      {
        problems: reader.problems,
        hint: `mend ${file.name}; docs/tm-db.config.schema.json of the package tm-db describes the keys`,
      },
    );
  }
  return config;
}

function realtimeConfig(reader: Reader, raw: unknown, exposedSchemas: readonly string[]): RealtimeConfig {
  const realtime = reader.object(raw, "realtime", ["channels", "allowedOrigins"]);
  const channels = reader.object(realtime["channels"] ?? {}, "realtime.channels");
  return {
    channels: Object.entries(channels).flatMap(([name, value]) => realtimeChannel(reader, name, value, exposedSchemas)),
    allowedOrigins: reader
      .list(realtime["allowedOrigins"], "realtime.allowedOrigins")
      ?.flatMap((item, index) => reader.origin(item, `realtime.allowedOrigins[${index}]`) ?? []),
  };
}

function realtimeChannel(
  reader: Reader,
  name: string,
  raw: unknown,
  exposedSchemas: readonly string[],
): RealtimeChannel[] {
  const path = `realtime.channels.${name}`;
  reader.name(name, path);
  const value = reader.object(raw, path, ["table", "key", "columns", "parent"]);
  const relation = reader.relation(value["table"], `${path}.table`, exposedSchemas);
  const key = reader.name(value["key"] ?? "id", `${path}.key`);
  const columns = reader.names(value["columns"], `${path}.columns`);
  if (relation === undefined || key === undefined) return [];
  const parent =
    value["parent"] === undefined ? undefined : realtimeParent(reader, value["parent"], { path, exposedSchemas });
  return [{ channel: name, relation, key, columns, parent }];
}

function realtimeParent(
  reader: Reader,
  raw: unknown,
  { path, exposedSchemas }: { readonly path: string; readonly exposedSchemas: readonly string[] },
): RealtimeParent | undefined {
  const value = reader.object(raw, `${path}.parent`, ["table", "key", "column"]);
  const relation = reader.relation(value["table"], `${path}.parent.table`, exposedSchemas);
  const key = reader.name(value["key"] ?? "id", `${path}.parent.key`);
  const column = reader.text(value["column"], `${path}.parent.column`, { required: true });
  return relation === undefined || key === undefined || column === undefined ? undefined : { relation, key, column };
}

function functionRef(parts: readonly string[] | undefined): FunctionRef[] {
  const [schema, name] = parts ?? [];
  return schema === undefined || name === undefined ? [] : [{ schema, name }];
}

function ignoredRule(text: string | undefined): IgnoredRule[] {
  const [rule, ...path] = text?.trim().split(/\s+/) ?? [];
  return rule === undefined ? [] : [{ rule, path: path.length === 0 ? undefined : path.join(" ") }];
}

function columnRef(parts: readonly string[] | undefined): ColumnRef | undefined {
  const [schema, table, column] = parts ?? [];
  return schema === undefined || table === undefined || column === undefined ? undefined : { schema, table, column };
}

/** The folder's own name as a database name: lower case, other characters as `_`. */
function defaultDatabaseName(projectDir: string): string {
  const name = basename(projectDir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return name === "" || /^\d/.test(name) || OWN_DATABASES.has(name) ? `db_${name}` : name;
}
