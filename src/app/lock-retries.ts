import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { type BlockerWatch, watchBlockers } from "../db/blockers.ts";
import { DEFAULT_LOCK_TIMEOUT_MS, type Timeouts } from "../db/timeouts.ts";
import type { Project } from "./context.ts";

const DEFAULT_RETRIES = 3;
const FIRST_PAUSE_MS = 1_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Runs work that is one transaction, and begins it again, after a pause that doubles each time, when a lock was not free
 * in time or a deadlock ended it: then all of it was rolled back, and nobody waits for it during the pause. While it
 * runs it is said who holds the locks that it waits for; `work` tells the number of its server process for that.
 */
export async function withLockRetries<T>(
  given: {
    readonly project: Project;
    readonly target: { readonly connection: ConnectionSpec };
    readonly options: Pick<Partial<Timeouts>, "lockTimeoutMs"> & { readonly lockRetries?: number | undefined };
  },
  work: (watch: (pid: number) => void) => Promise<T>,
): Promise<T> {
  const { onEvent, signal } = given.project.options;
  const retries = given.options.lockRetries ?? DEFAULT_RETRIES;
  const lockTimeoutMs = given.options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS;
  const intervalMs = lockTimeoutMs === 0 ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, Math.ceil(lockTimeoutMs / 2));
  for (let attempt = 0; ; attempt += 1) {
    let blockers: BlockerWatch | undefined;
    try {
      return await work((pid) => {
        const onBlocked = (holder: string): void => onEvent({ kind: "blocked", holder });
        blockers = watchBlockers(given.target.connection, { pid, intervalMs, onBlocked });
      });
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      if (attempt >= retries) throw withHolder(error, blockers?.last());
      const inMs = FIRST_PAUSE_MS * 2 ** attempt;
      onEvent({ kind: "retrying", reason: error.message, inMs });
      await sleep(inMs, undefined, signal === undefined ? {} : { signal });
    } finally {
      await blockers?.stop();
    }
  }
}

/** lock_not_available, deadlock_detected. */
const LOCK_STATES = new Set(["55P03", "40P01"]);

function isLockFailure(error: unknown): error is TmDbError {
  return error instanceof TmDbError && LOCK_STATES.has(error.sqlState ?? "");
}

function withHolder(error: TmDbError, holder: string | undefined): TmDbError {
  if (holder === undefined) return error;
  const detail = [error.detail, `the lock is held by ${holder}`].filter((line) => line !== undefined).join("\n");
  return error.with({ detail });
}
