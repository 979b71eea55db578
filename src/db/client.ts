import pg from "pg";
import { type ConnectionSpec, describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { cancelOnAbort } from "./cancel.ts";
import { refuseUnboundLogin } from "./channel-binding.ts";
import { connectionError } from "./connection-error.ts";
import { connectionLost, isConnectionLoss } from "./connection-loss.ts";
import { hearParameters, leaveOddSettings, serverVersion, settleSession } from "./session.ts";
import { isDiskFull, ownSqlError } from "./sql-error.ts";
import { lacksTls, mayTryOtherTls, type Tls, tlsAttempts } from "./tls.ts";

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

const OLDEST_MAJOR = 15;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Opens a connection, hands it to `callback`, and closes it whatever happens. Rejects with a TmDbError when it cannot
 * be opened (CONNECTION_REFUSED, AUTHENTICATION_FAILED, DATABASE_MISSING, SERVER_TOO_OLD, …), with CONNECTION_LOST
 * when it broke while `callback` needed it, with DISK_FULL where the server has no room left, with INTERRUPTED after
 * `options.signal`, and with what `callback` threw otherwise. Integers of 8 bytes arrive as strings.
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
    // Any statement may need a block more.
    throw isDiskFull(error) ? ownSqlError(error) : error;
  } finally {
    stopCancelling();
    const closed = close(client);
    if (!isDone || options.leaves !== true) await closed;
  }
}

async function open(spec: ConnectionSpec, options: ClientOptions): Promise<DatabaseClient> {
  if (isAborted(options.signal)) throw interrupted(undefined);
  const [first, second] = tlsAttempts(spec);
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
  hearParameters(client, spec.searchPath);
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
    await settleSession(client);
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

/** A call, since a narrowed property would count as unchanged across an `await`. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(cause: unknown): TmDbError {
  if (cause instanceof TmDbError && cause.code === "INTERRUPTED") return cause;
  return new TmDbError("INTERRUPTED", "interrupted; what had begun was rolled back", { cause });
}
