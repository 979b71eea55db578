import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { env } from "../../src/app/env.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { findFreePort } from "../../src/server/free-port.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

/** What answers the requests of the tests. */
export interface ApiServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The program that POSTGREST_BIN names, or the first `postgrest` on PATH. */
export function findPostgrest(variables: NodeJS.ProcessEnv): string | undefined {
  const named = variables["POSTGREST_BIN"];
  if (named !== undefined && named !== "") return named;
  return (variables["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "postgrest"))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts PostgREST with what `tm-db env` says of the database, and waits until its schema cache is loaded. */
export async function startPostgrest(
  binary: string,
  given: { readonly owner: ConnectionSpec; readonly authenticatorPassword: string },
): Promise<ApiServer> {
  const { variables } = await env({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl(given.owner),
    env: { TM_DB_AUTHENTICATOR_PASSWORD: given.authenticatorPassword },
    onEvent: () => {},
  });
  const port = await findFreePort(`api ${given.owner.database}`);
  const adminPort = await findFreePort(`admin ${given.owner.database}`, new Set([port]));
  const server = spawn(binary, [], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...variables,
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_SERVER_PORT: String(port),
      PGRST_ADMIN_SERVER_PORT: String(adminPort),
      PGRST_DB_TX_END: "commit-allow-override",
    },
  });
  const log: string[] = [];
  server.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString("utf8")));
  server.on("error", (error) => log.push(String(error)));
  const stop = () => stopProcess(server);
  try {
    await untilReady(`http://127.0.0.1:${adminPort}/ready`, server);
  } catch (error) {
    await stop();
    throw new Error(`${binary} does not get ready:\n${log.join("")}`, { cause: error });
  }
  return { url: `http://127.0.0.1:${port}`, stop };
}

const READY_WITHIN_MS = 20_000;

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && server.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(server.exitCode === null ? "no answer in time" : `it ended with ${server.exitCode}`);
}

async function stopProcess(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}
