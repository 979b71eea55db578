import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TmDbError } from "../core/errors.ts";
import { writeError } from "./file-error.ts";
import { isAlive, startTime } from "./process-identity.ts";

interface Holder {
  readonly pid: number;
  readonly started: string | undefined;
  readonly host: string;
  readonly token: string;
}

const POLL_MS = 15;
const WAIT_MS = 120_000;
/** Clearing a dead holder's lock takes less than a millisecond; one that is this old was itself interrupted. */
const CLEARING_MS = 5_000;

/**
 * Runs `work` while no other process of this project starts or stops the server. A lock whose holder died is taken
 * over at once. `onWait` is called once, with the holder's process id, when there is somebody to wait for.
 */
export async function withStartLock<Result>(
  dir: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onWait?: ((pid: number) => void) | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  const file = join(dir, "lock");
  const token = await acquire(file, options);
  try {
    return await work();
  } finally {
    if (readHolder(file)?.token === token) rmSync(file, { force: true });
  }
}

async function acquire(
  file: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onWait?: ((pid: number) => void) | undefined },
): Promise<string> {
  const token = randomBytes(12).toString("hex");
  const mine: Holder = { pid: process.pid, started: startTime(process.pid), host: hostname(), token };
  const deadline = Date.now() + WAIT_MS;
  let hasTold = false;
  while (!create(file, JSON.stringify(mine))) {
    const holder = readHolder(file);
    if (isStale(file, holder)) {
      clear(file);
      continue;
    }
    if (holder !== undefined && !hasTold) {
      hasTold = true;
      options.onWait?.(holder.pid);
    }
    if (options.signal?.aborted === true)
      throw new TmDbError("INTERRUPTED", "interrupted while waiting for another tm-db");
    if (Date.now() > deadline) {
      throw new TmDbError(
        "LOCK_TIMEOUT",
        `another tm-db (process ${holder?.pid ?? "unknown"}) has been starting or stopping this server for two minutes`,
        {
          hint: `if that process is none of tm-db's, remove ${file}`,
        },
      );
    }
    await pause(POLL_MS);
  }
  return token;
}

/** False when the file is there already. */
function create(file: string, content: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw writeError(file, error);
  }
  try {
    writeSync(descriptor, content);
    return true;
  } catch (error) {
    rmSync(file, { force: true });
    throw writeError(file, error);
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined while the file is not there, or is not written yet. */
function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isStale(file: string, holder: Holder | undefined): boolean {
  if (holder === undefined) return isOlderThan(file, CLEARING_MS);
  // Another machine or container with the same files: its processes cannot be seen from here.
  if (holder.host !== hostname()) return isOlderThan(file, WAIT_MS);
  return !isAlive(holder.pid) || startTime(holder.pid) !== holder.started;
}

/**
 * Two processes may both find the lock stale, and the slower one must not remove the new lock of the faster one:
 * whoever clears holds a second lock, and looks again under it.
 */
function clear(file: string): void {
  const clearing = `${file}.clearing`;
  if (isOlderThan(clearing, CLEARING_MS)) rmSync(clearing, { force: true });
  if (!create(clearing, "")) return;
  try {
    if (isStale(file, readHolder(file))) rmSync(file, { force: true });
  } finally {
    rmSync(clearing, { force: true });
  }
}

function isOlderThan(file: string, ms: number): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs > ms;
  } catch {
    return false;
  }
}
