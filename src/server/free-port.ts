import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { TmDbError } from "../core/errors.ts";

/**
 * Below the ranges from which systems take the ports of outgoing connections (32768 and up on Linux, 49152 and up on
 * macOS): a port from there could be in use for a moment just when the server starts.
 */
const FIRST = 20_000;
const COUNT = 12_000;
const ATTEMPTS = 200;

/**
 * A TCP port of 127.0.0.1 on which nothing listens, and none of `except`. The search begins at a place that `seed`
 * decides, so that a project whose state was removed most likely gets its old port back.
 */
export async function findFreePort(seed: string, except: ReadonlySet<number> = new Set()): Promise<number> {
  const start = createHash("sha256").update(seed).digest().readUInt32BE(0) % COUNT;
  for (let step = 0; step < ATTEMPTS; step += 1) {
    // A stride, since whoever took one port often took its neighbours.
    const port = FIRST + ((start + step * 61) % COUNT);
    if (!except.has(port) && (await isFree(port))) return port;
  }
  throw new TmDbError("SERVER_START_FAILED", `found no free port on 127.0.0.1 among ${ATTEMPTS} tries`, {
    hint: "use a server of your own: --database-url postgres://…",
  });
}

/** Whether nothing listens on that port of 127.0.0.1. Somebody may take it right afterwards. */
export async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
