import { readFileSync } from "node:fs";
import { connect as connectSocket, isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { type ConnectionSpec, describeConnection, EMBEDDED_SERVER } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";

/** One open connection, as the callback of `withClient` gets it. */
export type DatabaseClient = pg.Client;

/** What the server says besides results: `raise notice`, warnings. */
export interface ServerNotice {
  readonly severity: string | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

export interface ClientOptions {
  /** Aborting cancels the running statement on the server too, and `withClient` rejects with INTERRUPTED. */
  readonly signal?: AbortSignal | undefined;
  /** For the connection to be open and logged in, in milliseconds; 10 000 if not given. */
  readonly connectTimeoutMs?: number | undefined;
  /** What `pg_stat_activity` shows; `tm-db` if not given. */
  readonly applicationName?: string | undefined;
  /** Sends each statement without waiting for the answer to the one before it. */
  readonly pipeline?: boolean | undefined;
  readonly onNotice?: ((notice: ServerNotice) => void) | undefined;
  /** When all went well: says goodbye to the server, but does not wait until it has hung up, as a process that ends need not. */
  readonly leaves?: boolean | undefined;
}

export interface ServerVersion {
  /** As the server calls itself: `18.4`, `16.2 (Debian 16.2-1)`. */
  readonly text: string;
  readonly major: number;
}

const OLDEST_MAJOR = 15;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** What the server reported while logging in, by connection. */
const startupParameters = new WeakMap<DatabaseClient, Map<string, string>>();

/**
 * Opens a connection, hands it to `callback`, and closes it whatever happens. Rejects with a TmDbError when it cannot
 * be opened (CONNECTION_REFUSED, AUTHENTICATION_FAILED, DATABASE_MISSING, SERVER_TOO_OLD, …), with CONNECTION_LOST
 * when it broke while `callback` needed it, with INTERRUPTED after `options.signal`, and with what `callback` threw
 * otherwise. Integers of 8 bytes arrive as strings.
 */
export async function withClient<Result>(
  spec: ConnectionSpec,
  options: ClientOptions,
  callback: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  const client = await open(spec, options);
  let loss: unknown;
  // Without a listener a connection that breaks between two statements would end the process.
  client.on("error", (error: unknown) => {
    loss ??= error;
  });
  const stopCancelling = cancelOnAbort(client, spec, options.signal);
  let isDone = false;
  try {
    const result = await callback(client);
    isDone = true;
    return result;
  } catch (error) {
    if (isAborted(options.signal)) throw interrupted(error);
    if (isConnectionLoss(error) || (loss !== undefined && !(error instanceof TmDbError))) {
      throw connectionLost(spec, error);
    }
    throw error;
  } finally {
    stopCancelling();
    const closed = close(client);
    if (!isDone || options.leaves !== true) await closed;
  }
}

/** The version of the server behind an open connection; it came with the login and costs nothing. */
export function serverVersion(client: DatabaseClient): ServerVersion {
  const text = startupParameters.get(client)?.get("server_version") ?? "";
  return { text, major: Number.parseInt(text, 10) || 0 };
}

/**
 * Whether an error means that the connection is gone, and not that a statement was wrong: a broken socket, the
 * server's own farewell (57P01 to 57P03: shut down, crashed, restarting), class 08.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof TmDbError) return error.code === "CONNECTION_LOST" || isLossState(error.sqlState);
  const { code, message } = errorFacts(error);
  if (isLossState(code)) return true;
  if (code !== undefined && SOCKET_ERRORS.has(code)) return true;
  return CLIENT_LOSS_MESSAGES.some((text) => message.startsWith(text));
}

const SOCKET_ERRORS = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ECONNABORTED",
]);
const CLIENT_LOSS_MESSAGES = [
  "Connection terminated",
  "Client has encountered a connection error",
  "Client was closed",
];

function isLossState(state: string | undefined): boolean {
  return state !== undefined && (/^57P0[1-5]$/.test(state) || /^08[0-9A-Z]{3}$/.test(state));
}

// ─── Opening ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Tls = false | ConnectionOptions;

async function open(spec: ConnectionSpec, options: ClientOptions): Promise<DatabaseClient> {
  if (isAborted(options.signal)) throw interrupted(undefined);
  const [first, second] = boundAttempts(spec);
  try {
    return await openOnce(spec, options, first);
  } catch (error) {
    if (isAborted(options.signal)) throw interrupted(error);
    if (second === undefined || !mayTryOtherTls(error)) throw connectionError(spec, error);
    return await openOnce(spec, options, second).catch((secondError: unknown) => {
      throw connectionError(spec, lacksTls(secondError) ? error : secondError);
    });
  }
}

async function openOnce(spec: ConnectionSpec, options: ClientOptions, tls: Tls): Promise<DatabaseClient> {
  const client = new pg.Client({
    host: spec.host === "" ? "localhost" : spec.host,
    port: spec.port,
    user: spec.user,
    // A function keeps pg from looking at PGPASSWORD and ~/.pgpass by itself: the spec is complete, and it warns there.
    password: () => spec.password ?? "",
    database: spec.database,
    ssl: tls,
    enableChannelBinding: spec.channelBinding === "require",
    sslnegotiation: "postgres",
    application_name: options.applicationName ?? "tm-db",
    pipeline: options.pipeline ?? false,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  });
  const parameters = new Map<string, string>();
  startupParameters.set(client, parameters);
  client.connection.on("parameterStatus", (status: { parameterName: string; parameterValue: string }) => {
    parameters.set(status.parameterName, status.parameterValue);
  });
  const assertBound = spec.channelBinding === "require" ? refuseUnboundLogin(client) : undefined;
  const { onNotice } = options;
  if (onNotice !== undefined) {
    client.on("notice", ({ severity, code, message, detail, hint }) =>
      onNotice({ severity, code, message, detail, hint }),
    );
  }
  // A second error after the first (a reset after a refused login) must not become an uncaught exception.
  const ignore = (): void => undefined;
  client.on("error", ignore);
  const abort = (): void => {
    client.connection.stream.destroy(new Error("aborted"));
  };
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    await client.connect();
    assertBound?.();
    await settleSession(client, parameters);
    refuseOldServer(client, spec);
    await leaveOddSettings(client);
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
  client.off("error", ignore);
  return client;
}

/**
 * pg binds the login to the TLS connection where the server offers it, and logs in all the same where it does not, or where it
 * asks for the password itself: so would whoever is in between. This hears of each step before pg does, and hangs up.
 * https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
 */
function refuseUnboundLogin(client: DatabaseClient): () => void {
  const { connection } = client;
  let isRefused = false;
  let isProven = false;
  const refuse = (): void => {
    isRefused = true;
    connection.stream.destroy(new Error(UNBOUND));
  };
  connection.on("authenticationCleartextPassword", refuse);
  connection.on("authenticationMD5Password", refuse);
  connection.on("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    if (!mechanisms.includes("SCRAM-SHA-256-PLUS")) refuse();
  });
  // pg compares its signature.
  connection.on("authenticationSASLFinal", () => (isProven = true));
  connection.on("authenticationOk", () => {
    if (!isProven) refuse();
  });
  return () => {
    if (isRefused || !isProven) throw new Error(UNBOUND);
  };
}

const UNBOUND = "SASL channel binding: the server does not bind the login to the TLS connection";

/**
 * Poolers may keep parameters to themselves, old databases speak other encodings, and what is set for a role or a database
 * changes what texts mean: only then a round trip. Poolers give each client these settings of its own.
 */
async function settleSession(client: DatabaseClient, parameters: Map<string, string>): Promise<void> {
  if (parameters.get("client_encoding") !== "UTF8") await client.query("set client_encoding to 'UTF8'");
  if (parameters.get("standard_conforming_strings") === "off")
    await client.query("set standard_conforming_strings to on");
  const dateStyle = parameters.get("DateStyle");
  if (dateStyle !== undefined && !dateStyle.startsWith("ISO")) await client.query("set datestyle to 'ISO'");
  if (!parameters.has("server_version")) {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    parameters.set("server_version", rows[0]?.server_version ?? "");
  }
}

/**
 * What is set for a role or a database is meant for applications: 200 ms for each statement, or that no policy may filter.
 * A session of tm-db goes by none of it, as one of pg_dump. Nothing is set in a session of a pooler, which somebody else
 * gets next: its process is another one than the login was told of.
 */
async function leaveOddSettings(client: DatabaseClient): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number | null };
  if (processID === null) return;
  await client.query(ODD_SETTINGS, [processID]);
}

/** Makes a session what it was after its login, when SQL that ran in it may have changed a setting or the role. */
export async function resetSession(client: DatabaseClient): Promise<void> {
  await client.query("reset session authorization; reset role; reset all");
  await settleSession(client, startupParameters.get(client) ?? new Map<string, string>());
  await leaveOddSettings(client);
}

const ODD_SETTINGS = `
  select pg_catalog.set_config(s.name, s.value, false)
  from (
    values
      ('statement_timeout', '0'),
      ('transaction_timeout', '0'),
      ('idle_in_transaction_session_timeout', '0'),
      ('idle_session_timeout', '0'),
      ('default_transaction_read_only', 'off'),
      ('row_security', 'on'),
      ('quote_all_identifiers', 'off')
  ) as s (name, value)
  where pg_catalog.pg_backend_pid() = $1
    and pg_catalog.current_setting(s.name, true) <> s.value`;

function refuseOldServer(client: DatabaseClient, spec: ConnectionSpec): void {
  const version = serverVersion(client);
  if (version.major >= OLDEST_MAJOR) return;
  client.connection.stream.destroy();
  throw new TmDbError(
    "SERVER_TOO_OLD",
    `${describeConnection(spec)} is PostgreSQL ${version.text}; tm-db needs ${OLDEST_MAJOR} or newer`,
    {
      hint: "upgrade that server, or leave the address out and use the embedded one: npx tm-db up",
    },
  );
}

async function close(client: DatabaseClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  // A server that no longer answers must not keep the command from ending.
  const giveUp = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      client.connection.stream.destroy();
      resolve();
    }, CLOSE_TIMEOUT_MS);
  });
  await Promise.race([client.end().catch(() => undefined), giveUp]);
  clearTimeout(timer);
}

// ─── Interrupting ───────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Asks the server to stop the running statement, as Ctrl-C in psql does: a client that just hangs up would leave it
 * running, with its locks, until it next has something to send.
 */
function cancelOnAbort(client: DatabaseClient, spec: ConnectionSpec, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    void cancelStatement(client, spec);
    timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT_MS);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  };
}

/**
 * Asks the server to stop the statement that a connection is running, if it is running one. Resolves when the server has
 * passed that on, so that it cannot hit the next statement.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST
 */
export async function cancelStatement(client: DatabaseClient, spec: ConnectionSpec): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number | null; secretKey: number | null };
  if (processID === null || secretKey === null) return;
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80877102, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  const host = spec.host === "" ? "localhost" : spec.host;
  const socket = host.startsWith("/")
    ? connectSocket({ path: `${host}/.s.PGSQL.${spec.port}` })
    : connectSocket({ host, port: spec.port });
  socket.on("error", () => undefined);
  socket.setTimeout(CLOSE_TIMEOUT_MS, () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // The server hangs up when it is done. A pooler takes a client that hangs up first for one that changed its mind.
  socket.write(message);
  // It answers nothing. Only if its end is read, `close` is emitted.
  socket.resume();
  await closed;
}

/** A call, since a narrowed property would count as unchanged across an `await`. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(cause: unknown): TmDbError {
  if (cause instanceof TmDbError && cause.code === "INTERRUPTED") return cause;
  return new TmDbError("INTERRUPTED", "interrupted; what had begun was rolled back", { cause });
}

// ─── TLS ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * What each sslmode means to libpq (https://www.postgresql.org/docs/current/libpq-ssl.html), which is not what pg makes
 * of it: the first way to try, and the second one where the mode has one. Unix sockets never use TLS.
 */
function tlsAttempts(spec: ConnectionSpec): readonly [Tls, Tls?] {
  const unverified: Tls = { rejectUnauthorized: false };
  // Left out, on this machine: without TLS, unless that is refused, as by a tunnel's other end.
  const mode = spec.host.startsWith("/") ? "disable" : (spec.ssl ?? "allow");
  switch (mode) {
    case "disable":
      return [false];
    case "allow":
      return [false, unverified];
    case "prefer":
      return [unverified, false];
    case "require":
      // libpq: with a root certificate, `require` checks it as `verify-ca` does.
      return spec.sslRootCert === undefined ? [unverified] : [verifiedChain(spec)];
    case "verify-ca":
      return [verifiedChain(spec)];
    case "verify-full": {
      const ca = certificateAuthority(spec);
      // pg leaves `servername` out for IP addresses, and Node then checks `host`; a name is checked as a name.
      return [
        {
          rejectUnauthorized: true,
          ...(ca === undefined ? {} : { ca }),
          ...(isIP(spec.host) === 0 ? { servername: spec.host } : {}),
        },
      ];
    }
  }
}

/** Only a login by TLS can be bound to it. */
function boundAttempts(spec: ConnectionSpec): readonly [Tls, Tls?] {
  const attempts = tlsAttempts(spec);
  if (spec.channelBinding === undefined) return attempts;
  const [tls] = attempts.filter((attempt) => attempt !== undefined && attempt !== false);
  if (tls !== undefined) return [tls];
  throw new TmDbError("USAGE", "channel_binding=require needs TLS, which this address does not use", {
    hint: "add sslmode=require to the address, or leave channel_binding out",
  });
}

function verifiedChain(spec: ConnectionSpec): Tls {
  const ca = certificateAuthority(spec);
  if (ca === undefined) {
    throw new TmDbError("USAGE", `sslmode=${spec.ssl} needs the certificate authority's file`, {
      hint: "add sslrootcert=<file> to the address, or use sslmode=verify-full, which may use the public authorities",
    });
  }
  return { rejectUnauthorized: true, ca, checkServerIdentity: () => undefined };
}

/** Undefined means the public authorities that Node knows. */
function certificateAuthority(spec: ConnectionSpec): string | undefined {
  if (spec.sslRootCert === "system") return undefined;
  const file = spec.sslRootCert ?? join(homedir(), ".postgresql", "root.crt");
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (spec.sslRootCert === undefined) return undefined;
    throw new TmDbError("FILE_UNREADABLE", `cannot read the certificate authority's file ${file}`, {
      detail: errorFacts(error).message,
      hint: "check sslrootcert in the address, or PGSSLROOTCERT",
      cause: error,
    });
  }
}

function mayTryOtherTls(error: unknown): boolean {
  // 28000: pg_hba.conf has a line for the other way only.
  return lacksTls(error) || isTlsFailure(error) || errorFacts(error).code === "28000";
}

function lacksTls(error: unknown): boolean {
  return errorFacts(error).message === "The server does not support SSL connections";
}

function isTlsFailure(error: unknown): boolean {
  const { code, message } = errorFacts(error);
  return (
    message === "There was an error establishing an SSL connection" ||
    (code !== undefined &&
      /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH$)/.test(code))
  );
}

// ─── Errors ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface ErrorFacts {
  readonly code: string | undefined;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

function errorFacts(error: unknown): ErrorFacts {
  if (typeof error !== "object" || error === null) {
    return { code: undefined, message: String(error), detail: undefined, hint: undefined };
  }
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  // Node tries every address of a name and then throws an AggregateError, whose own message is empty.
  const message =
    text("message") ??
    (error instanceof AggregateError ? error.errors.map((each) => errorFacts(each).message).join(", ") : "");
  return { code: text("code"), message, detail: text("detail"), hint: text("hint") };
}

function connectionError(spec: ConnectionSpec, error: unknown): TmDbError {
  if (error instanceof TmDbError) return error;
  const facts = errorFacts(error);
  const where = describeConnection(spec);
  const isState = facts.code !== undefined && /^[0-9A-Z]{5}$/.test(facts.code) && error instanceof pg.DatabaseError;
  const common = { cause: error, ...(isState ? { sqlState: facts.code } : {}) };
  if (/^SASL: .*client password must be/.test(facts.message)) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} asks for a password, and there is none`, {
      ...common,
      hint:
        spec.source === EMBEDDED_SERVER
          ? EMBEDDED_REPAIR
          : "set PGPASSWORD, or write a line in ~/.pgpass (its mode must be 600)",
    });
  }
  if (facts.message.startsWith("SASL: ")) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} does not prove that it knows the password`, {
      ...common,
      detail: facts.message,
      hint: `check that ${spec.source} names the right server`,
    });
  }
  if (facts.message.startsWith("SASL channel binding: ")) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} does not do what channel_binding=require asks for`, {
      ...common,
      detail: facts.message,
      hint: "name the server's direct address and not that of a pooler; or leave channel_binding out, and say sslmode=verify-full",
    });
  }
  if (isState) return refusedByServer(spec, facts, common);
  if (lacksTls(error) || isTlsFailure(error)) return tlsError(spec, error, facts);
  return new TmDbError("CONNECTION_REFUSED", `no PostgreSQL answers at ${where} (${spec.source})`, {
    ...common,
    detail: plainReason(spec, facts),
    hint: addressHint(spec),
  });
}

const EMBEDDED_REPAIR = "npx tm-db up";

function refusedByServer(spec: ConnectionSpec, facts: ErrorFacts, common: { cause: unknown }): TmDbError {
  const where = describeConnection(spec);
  const isEmbedded = spec.source === EMBEDDED_SERVER;
  const detail = [facts.message, facts.detail, facts.hint].filter((line) => line !== undefined).join("\n");
  switch (facts.code) {
    case "28P01":
    case "28000":
      return new TmDbError("AUTHENTICATION_FAILED", `${where} refuses the user name or the password (${spec.source})`, {
        ...common,
        detail,
        hint: isEmbedded ? EMBEDDED_REPAIR : `check the user and the password in ${spec.source}`,
      });
    case "3D000":
      return new TmDbError(
        "DATABASE_MISSING",
        `the server has no database ${JSON.stringify(spec.database)} (${where})`,
        {
          ...common,
          hint: isEmbedded ? EMBEDDED_REPAIR : createdbCommand(spec),
        },
      );
    case "42501":
      return new TmDbError("PERMISSION_DENIED", `${spec.user} may not connect to ${where}`, {
        ...common,
        detail,
        hint: `as the database's owner: grant connect on database ${JSON.stringify(spec.database)} to ${JSON.stringify(spec.user)};`,
      });
    case "53300":
      return new TmDbError("CONNECTION_REFUSED", `${where} has no connection left`, {
        ...common,
        detail,
        hint: "close idle connections (select pid, application_name, state from pg_stat_activity), or raise max_connections",
      });
    case "57P03":
      return new TmDbError("CONNECTION_REFUSED", `${where} is starting or stopping`, {
        ...common,
        detail,
        hint: "try again in a moment",
      });
    default:
      return new TmDbError("CONNECTION_REFUSED", `${where} refuses the connection`, {
        ...common,
        detail,
        hint: addressHint(spec),
      });
  }
}

function tlsError(spec: ConnectionSpec, error: unknown, facts: ErrorFacts): TmDbError {
  const where = describeConnection(spec);
  if (lacksTls(error)) {
    return new TmDbError("CONNECTION_REFUSED", `${where} offers no TLS, and sslmode=${spec.ssl} asks for it`, {
      cause: error,
      hint: "turn TLS on at the server, or say sslmode=prefer if the network may be trusted",
    });
  }
  return new TmDbError("CONNECTION_REFUSED", `no TLS connection with ${where} (sslmode=${spec.ssl})`, {
    cause: error,
    detail: facts.message,
    hint: "name the file of the server's certificate authority: sslrootcert=<file>",
  });
}

function plainReason(spec: ConnectionSpec, facts: ErrorFacts): string {
  switch (facts.code) {
    case "ECONNREFUSED":
      return `nothing listens on port ${spec.port} of ${spec.host}`;
    case "ENOENT":
      return `there is no socket ${spec.host}/.s.PGSQL.${spec.port}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name ${spec.host} cannot be looked up`;
    default:
      if (facts.message === "timeout expired") return "no answer in time";
      if (facts.message === "Connection terminated unexpectedly") return "the server hung up during the login";
      return facts.message;
  }
}

function addressHint(spec: ConnectionSpec): string {
  if (spec.source === EMBEDDED_SERVER) return EMBEDDED_REPAIR;
  const without = spec.source === "DATABASE_URL" ? "unset DATABASE_URL && npx tm-db up" : "npx tm-db up";
  return `check ${spec.source}; or leave it out and use the embedded server: ${without}`;
}

function createdbCommand(spec: ConnectionSpec): string {
  const words = ["createdb", "-h", spec.host, "-p", String(spec.port), "-U", spec.user, spec.database];
  return words.map(quoteForShell).join(" ");
}

function connectionLost(spec: ConnectionSpec, error: unknown): TmDbError {
  if (error instanceof TmDbError && error.code === "CONNECTION_LOST") return error;
  const facts = errorFacts(error);
  return new TmDbError("CONNECTION_LOST", `the connection to ${describeConnection(spec)} ended in the middle`, {
    cause: error,
    detail: facts.message === "" ? undefined : facts.message,
    sqlState: isLossState(facts.code) ? facts.code : undefined,
    hint: "what was not committed yet is rolled back; npx tm-db status shows what there is, and the command can be run again",
  });
}
