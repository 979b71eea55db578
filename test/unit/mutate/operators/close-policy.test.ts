import { expect, test } from "vitest";
import { closePolicy } from "../../../../src/mutate/operators/close-policy.ts";
import { mutantsOf, policyOf } from "../../../support/mutation-facts.ts";

test("using and with check become false, one at a time; what says so already is left", async () => {
  const update = policyOf({ command: "update", using: "owner = 1", withCheck: "false" });
  const insert = policyOf({ name: "insert_own", command: "insert", using: null, withCheck: "owner = 1" });
  const mutants = await mutantsOf(closePolicy, { policies: [update, insert] });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    'alter policy "select_own" on "api"."notes" using (false)',
    'alter policy "insert_own" on "api"."notes" with check (false)',
  ]);
});
