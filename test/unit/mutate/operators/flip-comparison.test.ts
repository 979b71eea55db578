import { expect, test } from "vitest";
import { flipComparison } from "../../../../src/mutate/operators/flip-comparison.ts";
import { changesIn } from "../../../support/mutation-facts.ts";

test.each([
  ["a = 1", "a <> 1"],
  ["a < 1", "a >= 1"],
  ["a in (1, 2)", "a NOT IN (1, 2)"],
  ["a like 'x%'", "a NOT LIKE 'x%'"],
  ["a = any (b)", "a <> ALL (b)"],
  ["a <> all (b)", "a = ANY (b)"],
  ["a is null", "a IS NOT NULL"],
  ["a is not distinct from b", "a IS DISTINCT FROM b"],
  ["not a", "a"],
])("%s becomes %s", async (before, after) => {
  expect((await changesIn(before, flipComparison)).map((change) => change.split(" → using ")[1])).toEqual([after]);
});

test("what compares nothing is left", async () => {
  expect(await changesIn("a + 1 between b and c", flipComparison)).toEqual([]);
});
