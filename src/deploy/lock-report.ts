import type { LockReport, TableLock } from "../core/command-result.ts";
import { isAtLeast, type LockLimit, type LockMode } from "../core/lock-modes.ts";
import type { ObservedStep } from "./observe.ts";

/** How large the tables of the real database are, by their quoted names. */
export type TableSizes = ReadonlyMap<string, { readonly rows: number | null; readonly bytes: number }>;

/** What is done with as much as this takes no time that matters. */
const SMALL_TABLE_BYTES = 1024 * 1024;

/** Works out how long each lock is held, and which keep to no limit. */
export function reportLocks(
  steps: readonly ObservedStep[],
  sizes: TableSizes,
  limits: readonly LockLimit[],
): LockReport {
  const locks = steps.flatMap((step, index) => newLocks(steps, index).map((lock) => ({ ...lock, step, index })));
  const held = locks.map(({ table, mode, step, index }) => {
    const { path, line } = step;
    const size = sizes.get(table) ?? { rows: null, bytes: 0 };
    return { lock: { table, mode, path, line, heldMs: heldMs(steps, index), ...size } satisfies TableLock, index };
  });
  return {
    statements: steps.map(statementOf),
    locks: held.map(({ lock }) => lock),
    tooLong: held.flatMap(({ lock, index }) => {
      const { table, mode } = lock;
      const [limit] = limits.filter((entry) => isAtLeast(mode, entry.mode)).toSorted((a, b) => a.ms - b.ms);
      if (limit === undefined) return [];
      const because = lock.heldMs > limit.ms ? tooLong(lock, limit) : growsWith(steps, index, sizes);
      return because === undefined ? [] : [{ table, mode, because }];
    }),
  };
}

function statementOf(step: ObservedStep): LockReport["statements"][number] {
  const { path, line, statement, ms, locks, rewrites, scans, indexes } = step;
  return { path, line, statement, ms, locks, rewrites, scans, indexes };
}

/** Locks that are stronger than what the transaction held of the same table before. */
function newLocks(steps: readonly ObservedStep[], index: number): { table: string; mode: LockMode }[] {
  const step = steps[index];
  if (step === undefined) return [];
  const before = steps.slice(0, index).filter(({ transaction }) => transaction === step.transaction);
  const heldModes = (table: string): LockMode[] =>
    before.flatMap(({ locks }) => locks.filter((lock) => lock.table === table).map(({ mode }) => mode));
  return step.locks.filter(
    ({ table, mode }) =>
      !heldModes(table).some((other) => isAtLeast(other, mode)) &&
      !step.locks.some((other) => other.table === table && other.mode !== mode && isAtLeast(other.mode, mode)),
  );
}

/** From the statement that takes a lock to the end of its transaction. */
function during(steps: readonly ObservedStep[], index: number): ObservedStep[] {
  return steps.slice(index).filter(({ transaction }) => transaction === steps[index]?.transaction);
}

function heldMs(steps: readonly ObservedStep[], index: number): number {
  return during(steps, index).reduce((sum, { ms }) => sum + ms, 0);
}

function tooLong({ heldMs: held }: TableLock, { mode, ms }: LockLimit): string {
  return `held for ${Math.round(held)} ms on empty tables; ${mode} may be held for ${ms} ms`;
}

/** While it is held, something takes time in proportion to a table that is not small. */
function growsWith(steps: readonly ObservedStep[], index: number, sizes: TableSizes): string | undefined {
  for (const { rewrites, scans, indexes, path, line } of during(steps, index)) {
    const work = [
      ...rewrites.map((table) => ({ table, what: "writes" })),
      ...scans.map((table) => ({ table, what: "reads" })),
      ...indexes.map(({ table }) => ({ table, what: "builds an index over" })),
    ];
    const large = work.find(({ table }) => (sizes.get(table)?.bytes ?? 0) > SMALL_TABLE_BYTES);
    if (large === undefined) continue;
    const size = `${Math.round((sizes.get(large.table)?.bytes ?? 0) / 1024 / 1024)} MB`;
    return `${path}${line === null ? "" : `:${line}`} ${large.what} all of ${large.table} (${size}) while it is held`;
  }
  return undefined;
}
