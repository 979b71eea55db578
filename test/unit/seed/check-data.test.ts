import { expect, test } from "vitest";
import { checkSeedData, seedOf } from "../../../src/seed/check-data.ts";
import type { TmDbError } from "../../../src/core/errors.ts";

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    return (error as TmDbError).problems.map(({ message }) => message);
  }
  return [];
}

test("a file must export a function named seed", () => {
  const seed = (): never => {
    throw new Error();
  };
  expect(seedOf({ seed }, "seeds/a.ts")).toBe(seed);
  for (const exported of [undefined, {}, { seed: {} }, { default: seed }])
    expect(problemsOf(() => seedOf(exported, "seeds/a.ts"))).toEqual(["it exports no function named `seed`"]);
});

test("every problem of what a seed returns is named", () => {
  const right = { table: "a.b", columns: ["x"], rows: [] };
  expect(problemsOf(() => checkSeedData({ tables: [right], accounts: [{ user: "u" }] }, "f"))).toEqual([]);
  expect(
    problemsOf(() =>
      checkSeedData(
        {
          tables: [right, { table: "b", columns: ["x", "x"], rows: 1, count: -1, triggers: false }, null],
          accounts: [{ user: 1 }],
        },
        "f",
      ),
    ),
  ).toEqual([
    "tables[1] (b): table must be schema.table",
    "tables[1] (b): columns must be a list of different names",
    "tables[1] (b): rows must be iterable: an array, or what a generator function returned",
    "tables[1] (b): count must be a whole number",
    'tables[1] (b): triggers must be "on" or "off"',
    "tables[2] must be an object",
    "accounts must be a list of objects whose values are texts",
  ]);
  for (const returned of [undefined, [], {}, { tables: [] }, { tables: {} }])
    expect(problemsOf(() => checkSeedData(returned, "f"))).toHaveLength(1);
});
