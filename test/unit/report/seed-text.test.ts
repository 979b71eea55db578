import { expect, test } from "vitest";
import { formatCount } from "../../../src/report/format.ts";
import { seedProgress } from "../../../src/report/seed-text.ts";

const loading = { kind: "seed-loading", table: "a.b", rows: 450_000, rowsPerSecond: 30_000 } as const;

test("a load shows how far it is, how fast, and how long it will take", () => {
  expect(seedProgress({ ...loading, total: 3_000_000, secondsLeft: 85 })).toBe(
    "[###-----------------]  15% a.b  450,000 of 3,000,000 rows, 30,000 rows/s, 1 min 25 s left",
  );
});

test("where nobody knows how many rows will come, it says what it knows", () => {
  expect(seedProgress({ ...loading, total: null, secondsLeft: null })).toBe("a.b  450,000 rows, 30,000 rows/s");
});

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567.4, "1,234,567"],
])("%d is written as %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});
