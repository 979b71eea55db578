import { expect, test } from "vitest";
import { swapAndOr } from "../../../../src/mutate/operators/swap-and-or.ts";
import { changesIn } from "../../../support/mutation-facts.ts";

test("`and` becomes `or`, and `or` becomes `and`, one at a time", async () => {
  expect(await changesIn("a = 1 and (b = 2 or c = 3)", swapAndOr)).toEqual([
    "using a = 1 AND (b = 2 OR c = 3) → using a = 1 OR (b = 2 OR c = 3)",
    "using b = 2 OR c = 3 → using b = 2 AND c = 3",
  ]);
});

test("`not` is neither", async () => {
  expect(await changesIn("not a", swapAndOr)).toEqual([]);
});
