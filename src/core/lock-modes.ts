/** PostgreSQL's table locks from the weakest to the strongest, as "Explicit Locking" in its manual orders them. */
export const LOCK_MODES = [
  "access-share",
  "row-share",
  "row-exclusive",
  "share-update-exclusive",
  "share",
  "share-row-exclusive",
  "exclusive",
  "access-exclusive",
] as const;

export type LockMode = (typeof LOCK_MODES)[number];

/** `AccessExclusiveLock` of pg_locks → `access-exclusive`. */
export function lockModeOf(pgLocksMode: string): LockMode | undefined {
  const words = pgLocksMode
    .replace(/Lock$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-")
    .toLowerCase();
  return LOCK_MODES.find((mode) => mode === words);
}

export function isAtLeast(mode: LockMode, other: LockMode): boolean {
  return LOCK_MODES.indexOf(mode) >= LOCK_MODES.indexOf(other);
}

/** How long locks of a mode, or of a stronger one, may be held. */
export interface LockLimit {
  readonly mode: LockMode;
  readonly ms: number;
}

/** Reads `access-exclusive:50ms` (or `2s`); undefined for anything else. */
export function parseLockLimit(text: string): LockLimit | undefined {
  const [, word, number, unit] = /^([a-z-]+):(\d+)(ms|s)?$/.exec(text) ?? [];
  const mode = LOCK_MODES.find((known) => known === word);
  return mode === undefined ? undefined : { mode, ms: Number(number) * (unit === "s" ? 1000 : 1) };
}
