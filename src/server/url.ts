import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import type { ConnectionSpec, SslMode } from "../core/connection-spec.ts";
import { isLocal } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { passwordFromFile } from "./pgpass.ts";

const SSL_MODES: ReadonlySet<string> = new Set([
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] satisfies SslMode[]);

/** What a URL or the environment says; what it leaves out is undefined. */
type Parts = {
  -readonly [
    Name in
      "host" | "port" | "user" | "password" | "database" | "sslMode" | "sslRootCert" | "channelBinding" | "passwordFile"
  ]?: string;
};

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…` as libpq does: what the URL leaves out comes from the
 * PG* variables, then `~/.pgpass`, then libpq's defaults; a Unix socket is `?host=/folder` or `%2Ffolder` as the host.
 * `source` says where the URL came from, for messages. Throws USAGE without ever repeating the URL, since it may hold a
 * password.
 */
export function connectionSpecFromUrl(
  url: string,
  source: string,
  environment: NodeJS.ProcessEnv = process.env,
): ConnectionSpec {
  const variables = partsFromEnvironment(environment);
  const own = parseUrl(url, source);
  if (own.port === undefined) refuseWrongPort(variables);
  return complete({ ...variables, ...own }, source, environment);
}

/** A variable by which psql would get to another server must not lead to the embedded one. */
function refuseOtherWays(environment: NodeJS.ProcessEnv): void {
  for (const [name, holds] of [
    ["PGSERVICE", "a service file"],
    ["PGHOSTADDR", "an address beside PGHOST"],
  ] as const) {
    if (environment[name] === undefined || environment[name] === "") continue;
    throw new TmDbError("USAGE", `${name} is set, and tm-db does not look for a server by ${holds}`, {
      hint: `name the server by DATABASE_URL or PGHOST, and unset ${name}: env -u ${name} npx tm-db …`,
    });
  }
}

/**
 * Where the PG* variables lead, or undefined when none of them says where: PGHOST, PGPORT or PGDATABASE. (PGUSER and
 * PGPASSWORD alone are set for other programs.)
 */
export function connectionSpecFromEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): ConnectionSpec | undefined {
  const parts = partsFromEnvironment(environment);
  refuseOtherWays(environment);
  if (parts.host === undefined && parts.port === undefined && parts.database === undefined) return undefined;
  refuseWrongPort(parts);
  return complete(parts, "PG* variables", environment);
}

function refuseWrongPort({ port }: Parts): void {
  if (port === undefined || isPort(port)) return;
  throw new TmDbError("USAGE", "PGPORT is not the number of a port", {
    hint: "say one from 1 to 65535, or none, which means 5432: unset PGPORT",
  });
}

function partsFromEnvironment(environment: NodeJS.ProcessEnv): Parts {
  const variables = {
    host: "PGHOST",
    port: "PGPORT",
    user: "PGUSER",
    password: "PGPASSWORD",
    database: "PGDATABASE",
    sslMode: "PGSSLMODE",
    sslRootCert: "PGSSLROOTCERT",
    channelBinding: "PGCHANNELBINDING",
  } as const satisfies Parts;
  const parts: Parts = {};
  for (const name of Object.keys(variables) as (keyof typeof variables)[]) {
    const value = environment[variables[name]];
    if (value !== undefined && value !== "") parts[name] = value;
  }
  return parts;
}

function complete(parts: Parts, source: string, environment: NodeJS.ProcessEnv): ConnectionSpec {
  const port = parsePort(parts.port ?? "5432", source);
  const host = parts.host ?? defaultHost(port);
  if (host.includes(",")) throw malformed(source, "names more than one host", "name the primary alone");
  const user = parts.user ?? operatingSystemUser(source);
  const database = parts.database ?? user;
  const passwordEnvironment =
    parts.passwordFile === undefined ? environment : { ...environment, PGPASSFILE: parts.passwordFile };
  const password = parts.password ?? passwordFromFile({ host, port, database, user }, passwordEnvironment);
  const { sslRootCert } = parts;
  const channelBinding = requiredBinding(parts.channelBinding, source);
  const spec: ConnectionSpec = { host, port, user, password, database, source, sslRootCert, channelBinding };
  return { ...spec, ssl: sslMode(parts.sslMode, spec) };
}

/** libpq's default is `prefer`; on this machine that would only cost a round trip. */
function sslMode(mode: string | undefined, spec: ConnectionSpec): SslMode | undefined {
  if (mode === undefined) return isLocal(spec) && spec.channelBinding === undefined ? undefined : "prefer";
  if (isSslMode(mode)) return mode;
  throw malformed(
    spec.source,
    `has an unknown sslmode, ${JSON.stringify(mode)}`,
    `one of ${[...SSL_MODES].join(", ")}`,
  );
}

/** `prefer`, which is libpq's default, proves nothing: whoever is in between can say that he cannot. */
function requiredBinding(mode: string | undefined, source: string): "require" | undefined {
  if (mode === "require") return mode;
  if (mode === undefined || mode === "prefer" || mode === "disable") return undefined;
  throw malformed(source, `has an unknown channel_binding, ${JSON.stringify(mode)}`, "one of disable, prefer, require");
}

function isSslMode(mode: string): mode is SslMode {
  return SSL_MODES.has(mode);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function parsePort(text: string, source: string): number {
  if (isPort(text)) return Number(text);
  // The "port" of a URL whose password holds an unescaped `/` or `:` is a part of that password.
  throw malformed(source, "has no valid port", ENCODE_HINT);
}

/** Where a packaged server puts its socket, and where one that was built by hand does. */
function defaultHost(port: number): string {
  return ["/var/run/postgresql", "/tmp"].find((dir) => existsSync(`${dir}/.s.PGSQL.${port}`)) ?? "localhost";
}

function operatingSystemUser(source: string): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user number without a line in /etc/passwd.
    throw malformed(
      source,
      "names no user, and the system has no name for this one",
      "add it: postgres://user@host/database, or PGUSER",
    );
  }
}

// ─── The URL itself ─────────────────────────────────────────────────────────────────────────────────────────────────

const ENCODE_HINT =
  "special characters in a user name or password are written as %XX: @ is %40, / is %2F, : is %3A, ? is %3F, # is %23, % is %25";

/** By hand: the URL class refuses a user without a host (sockets) and changes what it does not refuse. */
function parseUrl(url: string, source: string): Parts {
  const scheme = /^postgres(?:ql)?:\/\//.exec(url);
  if (scheme === null)
    throw malformed(source, "is not a PostgreSQL URL", "postgres://user:password@host:5432/database");
  const [beforeQuery = "", query] = splitOnce(url.slice(scheme[0].length), "?");
  const [authority = "", database] = splitOnce(beforeQuery, "/");
  const at = authority.indexOf("@");
  if (at !== authority.lastIndexOf("@")) throw malformed(source, "has more than one @", ENCODE_HINT);
  // The part after an unescaped `/` of a password holds the `@`.
  if (at === -1 && database?.includes("@") === true) throw malformed(source, "has an @ after the first /", ENCODE_HINT);
  const decode = (text: string | undefined, what: string): string | undefined => decodePart(text, what, source);
  const [user, password] = at === -1 ? [] : splitOnce(authority.slice(0, at), ":");
  const { host, port } = parseHost(authority.slice(at + 1), source);
  const parts: Parts = withoutEmpty({
    user: decode(user, "user name"),
    password: decode(password, "password"),
    host: decode(host, "host"),
    port,
    database: decode(database, "database name"),
  });
  return { ...parts, ...parseQuery(query, source) };
}

function parseHost(
  text: string,
  source: string,
): { readonly host: string | undefined; readonly port: string | undefined } {
  const match = /^(?:\[(?<address>[0-9A-Fa-f:.%]+)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/.exec(text);
  if (match?.groups === undefined) throw malformed(source, "has no valid host", ENCODE_HINT);
  const { address, name, port } = match.groups;
  return { host: address ?? name, port };
}

/** libpq's parameters that say where and as whom, under our names. */
const PARAMETERS: Readonly<Record<string, keyof Parts>> = {
  host: "host",
  port: "port",
  user: "user",
  password: "password",
  dbname: "database",
  sslmode: "sslMode",
  sslrootcert: "sslRootCert",
  channel_binding: "channelBinding",
  passfile: "passwordFile",
};

/** Parameters that managed servers put into their URLs, and that change nothing that tm-db does. */
const IGNORED: ReadonlySet<string> = new Set([
  "application_name",
  "client_encoding",
  "connect_timeout",
  "fallback_application_name",
  "gssencmode",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "sslsni",
  "target_session_attrs",
  "tcp_user_timeout",
]);

function parseQuery(query: string | undefined, source: string): Parts {
  const parts: Parts = {};
  for (const pair of (query ?? "").split("&")) {
    if (pair === "") continue;
    const [rawName = "", rawValue = ""] = splitOnce(pair, "=");
    const name = decodePart(rawName, "parameters", source) ?? "";
    const value = decodePart(rawValue, "parameters", source) ?? "";
    const part = PARAMETERS[name];
    if (part !== undefined) {
      if (value !== "") parts[part] = value;
    } else if (name === "ssl" && value === "true") parts.sslMode = "require";
    else if (!IGNORED.has(name)) throw unknownParameter(name, query ?? "", source);
  }
  return parts;
}

/** A name is repeated only if it looks like one: it could be the rest of a password with an unescaped `?`, before its `@`. */
function unknownParameter(name: string, query: string, source: string): TmDbError {
  const what = "has a parameter that tm-db does not know";
  const hint = "leave it out; the parameters are those of libpq";
  if (/^[a-z_]{1,30}$/.test(name) && !query.includes("@")) return malformed(source, `${what}: ${name}`, hint);
  return malformed(source, what, `${hint}\nor, if it is part of a password: ${ENCODE_HINT}`);
}

function decodePart(text: string | undefined, what: string, source: string): string | undefined {
  if (text === undefined) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw malformed(source, `has a % in its ${what} that begins no %XX`, ENCODE_HINT);
  }
  if (decoded.includes("\0")) throw malformed(source, `has a %00 in its ${what}`, ENCODE_HINT);
  return decoded;
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** An empty part (`postgres:///database`, `user:@host`) counts as left out, as libpq has it. */
function withoutEmpty(parts: { readonly [Name in keyof Parts]: Parts[Name] | undefined }): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== ""));
}

function malformed(source: string, what: string, hint: string): TmDbError {
  return new TmDbError("USAGE", `the address in ${source} ${what}`, { hint });
}
