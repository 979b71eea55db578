import type { Client } from "pg";

/** PostgreSQL's own limits for the rest of the transaction, in milliseconds; 0 is none. */
export interface Timeouts {
  /** How long a statement may wait for a lock. */
  readonly lockTimeoutMs: number | undefined;
  /** How long a statement may run. */
  readonly statementTimeoutMs: number | undefined;
}

export const DEFAULT_LOCK_TIMEOUT_MS = 10_000;

/**
 * Limits how long a deployment may keep others waiting while it waits itself. Bound to the transaction, so it works
 * through a pooler in transaction mode. Returns the number of the server's process.
 */
export async function setTimeouts(client: Client, timeouts: Partial<Timeouts>): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    `select
       set_config('lock_timeout', $1, true),
       set_config('statement_timeout', $2, true),
       pg_catalog.pg_backend_pid() as pid`,
    [String(timeouts.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS), String(timeouts.statementTimeoutMs ?? 0)],
  );
  return rows[0]?.pid ?? 0;
}
