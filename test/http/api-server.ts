import { env } from "../../src/app/env.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { TmDbError } from "../../src/core/errors.ts";
import { findPostgrest, startPostgrest, untilReady } from "../../src/postgrest/process.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

/** What answers the requests of the tests. */
export interface ApiServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The program that POSTGREST_BIN names, which has to be there then, or the first `postgrest` on PATH. */
export function installedPostgrest(variables: NodeJS.ProcessEnv): string | undefined {
  const named = variables["POSTGREST_BIN"];
  if (named !== undefined && named !== "") return findPostgrest(named, variables["PATH"]);
  try {
    return findPostgrest(undefined, variables["PATH"]);
  } catch (error) {
    if (error instanceof TmDbError && error.code === "POSTGREST_MISSING") return undefined;
    throw error;
  }
}

const READY_WITHIN_MS = 20_000;

/** Starts PostgREST with what `tm-db env` says of the database, and waits until its schema cache is loaded. */
export async function postgrestServer(
  program: string,
  given: { readonly owner: ConnectionSpec; readonly authenticatorPassword: string },
): Promise<ApiServer> {
  const { variables } = await env({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl(given.owner),
    env: { TM_DB_AUTHENTICATOR_PASSWORD: given.authenticatorPassword },
    onEvent: () => {},
  });
  const port = await findFreePorts(2);
  const adminPort = port + 1;
  const server = startPostgrest(program, {
    ...variables,
    PGRST_SERVER_HOST: "127.0.0.1",
    PGRST_SERVER_PORT: String(port),
    PGRST_ADMIN_SERVER_PORT: String(adminPort),
    PGRST_DB_TX_END: "commit-allow-override",
    PGRST_LOG_LEVEL: "crit",
  });
  const stop = async (): Promise<void> => void (await server.stop());
  const ended = server.ended.then(({ code }) => {
    throw new Error(`${program} ended with ${code}; what it said is above`);
  });
  const patience = AbortSignal.timeout(READY_WITHIN_MS);
  try {
    await Promise.race([untilReady(`http://127.0.0.1:${adminPort}`, patience), ended]);
    patience.throwIfAborted();
  } catch (error) {
    await stop();
    throw error;
  }
  // From now on it ends when it is told to.
  ended.catch(() => {});
  return { url: `http://127.0.0.1:${port}`, stop };
}
