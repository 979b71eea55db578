import type { Socket } from "node:net";
import { type ConnectionSpec, isLocal } from "../core/connection-spec.ts";
import type { DatabaseClient } from "./client.ts";

/**
 * Whether the server certainly runs on this machine. An address such as 127.0.0.1 may be the end of a tunnel, so both
 * ends are asked for the port of this side: only without anything in between they agree. A server in a container is
 * therefore not taken for local.
 */
export async function isDirectlyLocal(client: DatabaseClient, spec: ConnectionSpec): Promise<boolean> {
  if (!isLocal(spec)) return false;
  if (spec.host.startsWith("/")) return true;
  const { localPort } = client.connection.stream as Socket;
  const { rows } = await client.query<{ client: number | null; server: number | null }>(
    "select inet_client_port() as client, inet_server_port() as server",
  );
  return rows[0]?.client === localPort && rows[0]?.server === spec.port;
}

/**
 * Whether a pooler answers in PostgreSQL's place: to each client it gives a key of its own for cancelling, in place of
 * that of the server process.
 */
export async function isPooled(client: DatabaseClient): Promise<boolean> {
  const { processID } = client as unknown as { readonly processID: number | null };
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid !== processID;
}
