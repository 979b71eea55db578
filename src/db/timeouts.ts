import type { Client } from "pg";

/** PostgreSQL's own limits for the rest of the transaction, in milliseconds; 0 is none. */
export interface Timeouts {
  /** How long a statement may wait for a lock. */
  readonly lockTimeoutMs: number | undefined;
  /** How long a statement may run. */
  readonly statementTimeoutMs: number | undefined;
}

const DEFAULT_LOCK_TIMEOUT_MS = 10_000;

/**
 * Limits how long a deployment may keep others waiting while it waits itself. Bound to the transaction, so it works
 * through a pooler in transaction mode.
 */
export async function setTimeouts(client: Client, timeouts: Partial<Timeouts>): Promise<void> {
  await client.query("select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)", [
    String(timeouts.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS),
    String(timeouts.statementTimeoutMs ?? 0),
  ]);
}
