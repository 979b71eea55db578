import { type ConnectionSpec, describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { errorFacts } from "./error-facts.ts";

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

/** CONNECTION_LOST, from what pg or the server said of it. */
export function connectionLost(spec: ConnectionSpec, error: unknown): TmDbError {
  if (error instanceof TmDbError && error.code === "CONNECTION_LOST") return error;
  const facts = errorFacts(error);
  return new TmDbError("CONNECTION_LOST", `the connection to ${describeConnection(spec)} ended in the middle`, {
    cause: error,
    detail: facts.message === "" ? undefined : facts.message,
    sqlState: isLossState(facts.code) ? facts.code : undefined,
    hint: "what was not committed yet is rolled back; npx tm-db status shows what there is, and the command can be run again",
  });
}
