import { connect as connectSocket } from "node:net";
import type pg from "pg";
import type { ConnectionSpec } from "../core/connection-spec.ts";

const TIMEOUT_MS = 2_000;

/**
 * Asks the server to stop the running statement, as Ctrl-C in psql does: a client that just hangs up would leave it
 * running, with its locks, until it next has something to send.
 */
export function cancelOnAbort(client: pg.Client, spec: ConnectionSpec, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    void cancelStatement(client, spec);
    timer = setTimeout(() => client.connection.stream.destroy(), TIMEOUT_MS);
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
export async function cancelStatement(client: pg.Client, spec: ConnectionSpec): Promise<void> {
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
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // The server hangs up when it is done. A pooler takes a client that hangs up first for one that changed its mind.
  socket.write(message);
  // It answers nothing. Only if its end is read, `close` is emitted.
  socket.resume();
  await closed;
}
