import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionSpec, describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { retryDelayMs } from "../core/retry-delay.ts";
import { type DatabaseClient, withClient } from "./client.ts";
import { isConnectionLoss } from "./connection-loss.ts";
import { isPooled } from "./direct-connection.ts";

/** One message of NOTIFY. */
export interface Notification {
  readonly channel: string;
  /** Up to 8,000 bytes of anything but NUL; empty where none was given. */
  readonly payload: string;
  /** The server process that sent it. */
  readonly pid: number;
}

export interface ListenHandlers {
  /** From now on nothing is missed; `again` after a connection was lost, and then messages may have been. */
  readonly onListening: (facts: { readonly again: boolean }) => void;
  readonly onNotification: (notification: Notification) => void;
  /** The connection is gone, or could not be opened again; the next attempt comes by itself. */
  readonly onLost: (facts: { readonly reason: string; readonly inMs: number }) => void;
}

export interface ListenOptions {
  readonly channels: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly applicationName: string;
  /** How often the server is asked whether it is still there; a network that drops packets tells nobody. */
  readonly aliveEveryMs?: number | undefined;
}

const ALIVE_EVERY_MS = 10_000;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Hands over what is sent on some channels, in the order of the commits, and connects again whenever the connection is
 * lost. Resolves at the signal.
 * @throws TmDbError what keeps the first connection from being opened, and later what no waiting mends, such as
 * AUTHENTICATION_FAILED; POOLED_CONNECTION where messages do not get through.
 */
export async function listen(spec: ConnectionSpec, options: ListenOptions, handlers: ListenHandlers): Promise<void> {
  const { signal } = options;
  const isOver = (): boolean => signal?.aborted === true;
  let wasListening = false;
  let attempt = 0;
  while (!isOver()) {
    try {
      await withClient(spec, { signal, applicationName: options.applicationName }, async (client) => {
        await begin(client, spec, { options, handlers });
        handlers.onListening({ again: wasListening });
        wasListening = true;
        attempt = 0;
        await endOf(client, options);
      });
    } catch (error) {
      if (isOver()) return;
      if (!wasListening || !passes(error)) throw error;
      const inMs = retryDelayMs(attempt);
      attempt += 1;
      handlers.onLost({ reason: (error as Error).message, inMs });
      await sleep(inMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A server that restarts, and a database that is made anew, come back. */
const PASSING: readonly string[] = ["CONNECTION_LOST", "CONNECTION_REFUSED", "DATABASE_MISSING"];

/** Whether it is worth waiting and connecting again. */
export function passes(error: unknown): boolean {
  return isConnectionLoss(error) || (error instanceof TmDbError && PASSING.includes(error.code));
}

async function begin(
  client: DatabaseClient,
  spec: ConnectionSpec,
  { options, handlers }: { readonly options: ListenOptions; readonly handlers: ListenHandlers },
): Promise<void> {
  const wanted = new Set(options.channels);
  client.on("notification", ({ channel, payload, processId }) => {
    if (wanted.has(channel)) handlers.onNotification({ channel, payload: payload ?? "", pid: processId });
  });
  await client.query(options.channels.map((channel) => `listen ${quoteIdent(channel)}`).join("; "));
  if (await isPooled(client)) await refuseDeafConnection(client, spec);
}

/**
 * A pooler that lends a server process for each transaction passes no messages on. What it does is seen, not guessed:
 * a message from another connection arrives, or it does not.
 */
async function refuseDeafConnection(client: DatabaseClient, spec: ConnectionSpec): Promise<void> {
  const channel = `tm_db_probe_${randomBytes(6).toString("hex")}`;
  await client.query(`listen ${quoteIdent(channel)}`);
  let timer: NodeJS.Timeout | undefined;
  const arrives = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
    client.on("notification", (message) => {
      if (message.channel === channel) resolve(true);
    });
  });
  await withClient(spec, {}, async (other) => await other.query("select pg_notify($1, '')", [channel]));
  const isHeard = await arrives;
  clearTimeout(timer);
  if (isHeard) {
    await client.query(`unlisten ${quoteIdent(channel)}`);
    return;
  }
  throw new TmDbError("POOLED_CONNECTION", `messages of NOTIFY do not get through ${describeConnection(spec)}`, {
    detail: "a pooler answers there that gives each transaction another session, and LISTEN needs one of its own",
    hint: "name PostgreSQL's own address, or a pool in session mode: --database-url <url>",
  });
}

/** Resolves at the signal. @throws what ended the connection. */
async function endOf(client: DatabaseClient, { signal, aliveEveryMs }: ListenOptions): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const gone = (): void => reject(new Error("Connection terminated unexpectedly"));
      client.on("error", gone);
      client.on("end", gone);
      stop = resolve;
      signal?.addEventListener("abort", stop);
      if (signal?.aborted === true) resolve();
      timer = setInterval(() => void isAlive(client).catch(reject), aliveEveryMs ?? ALIVE_EVERY_MS);
    });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function isAlive(client: DatabaseClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      client.connection.stream.destroy();
      reject(new Error("Connection terminated: the server does not answer"));
    }, PROBE_TIMEOUT_MS);
  });
  try {
    await Promise.race([client.query("select 1"), late]);
  } finally {
    clearTimeout(timer);
  }
}
