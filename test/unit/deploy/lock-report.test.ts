import { expect, test } from "vitest";
import { reportLocks } from "../../../src/deploy/lock-report.ts";
import type { ObservedStep } from "../../../src/deploy/observe.ts";

function step(given: Partial<ObservedStep>): ObservedStep {
  const empty = { locks: [], rewrites: [], scans: [], indexes: [] };
  return { path: "migrations/0001_a.sql", line: 1, statement: "select 1", ms: 10, transaction: 1, ...empty, ...given };
}

const NO_SIZES = new Map<string, { rows: number | null; bytes: number }>();

test("a lock is held to the end of its transaction, and a weaker one after it adds nothing", () => {
  const { locks } = reportLocks(
    [
      step({ locks: [{ table: "a", mode: "share" }] }),
      step({
        locks: [
          { table: "a", mode: "access-exclusive" },
          { table: "b", mode: "row-exclusive" },
        ],
      }),
      step({ locks: [{ table: "a", mode: "row-exclusive" }] }),
      step({ transaction: 2, locks: [{ table: "b", mode: "share-update-exclusive" }] }),
    ],
    NO_SIZES,
    [],
  );
  expect(locks.map(({ table, mode, heldMs }) => `${table} ${mode} ${heldMs}`)).toEqual([
    "a share 30",
    "a access-exclusive 20",
    "b row-exclusive 20",
    "b share-update-exclusive 10",
  ]);
});

test("of several limits the strictest that fits counts; weaker locks have none", () => {
  const steps = [
    step({
      locks: [
        { table: "a", mode: "access-exclusive" },
        { table: "b", mode: "row-exclusive" },
      ],
    }),
  ];
  const limits = [
    { mode: "access-exclusive", ms: 100 },
    { mode: "share", ms: 5 },
  ] as const;
  const { tooLong } = reportLocks(steps, NO_SIZES, limits);
  expect(tooLong).toEqual([
    { table: "a", mode: "access-exclusive", because: "held for 10 ms on empty tables; share may be held for 5 ms" },
  ]);
});

test("work on a large table counts while a lock is held, before it and on small tables not", () => {
  const sizes = new Map([
    ["large", { rows: 1e6, bytes: 1e9 }],
    ["small", { rows: 5, bytes: 8192 }],
  ]);
  const limits = [{ mode: "access-exclusive", ms: 1000 }] as const;
  const lock = step({ locks: [{ table: "small", mode: "access-exclusive" }] });
  const scan = (table: string): ObservedStep => step({ scans: [table], line: 7 });
  expect(reportLocks([scan("large"), lock, scan("small")], sizes, limits).tooLong).toEqual([]);
  expect(reportLocks([lock, scan("large")], sizes, limits).tooLong[0]?.because).toBe(
    "migrations/0001_a.sql:7 reads all of large (954 MB) while it is held",
  );
});
