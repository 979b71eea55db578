/** PostgreSQL's own limits for the rest of the transaction, in milliseconds; 0 is none. */
export interface Timeouts {
  /** How long a statement may wait for a lock. */
  readonly lockTimeoutMs: number | undefined;
  /** How long a statement may run. */
  readonly statementTimeoutMs: number | undefined;
}

export const DEFAULT_LOCK_TIMEOUT_MS = 10_000;

/** SQL that limits how long a transaction may keep others waiting while it waits itself. */
export function setTimeoutsSql({ lockTimeoutMs, statementTimeoutMs }: Partial<Timeouts>): string {
  const lock = Math.round(lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS);
  return `set local lock_timeout = ${lock}; set local statement_timeout = ${Math.round(statementTimeoutMs ?? 0)}`;
}
