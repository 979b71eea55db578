import { expect, test } from "vitest";
import { dropPolicy } from "../../../../src/mutate/operators/drop-policy.ts";
import { mutantsOf, policyOf } from "../../../support/mutation-facts.ts";

test("each policy is dropped once", async () => {
  const mutants = await mutantsOf(dropPolicy, { policies: [policyOf(), policyOf({ name: 'odd "one"' })] });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    'drop policy "select_own" on "api"."notes"',
    'drop policy "odd ""one""" on "api"."notes"',
  ]);
});
