import { expect, test } from "vitest";
import { swapPermissive } from "../../../../src/mutate/operators/swap-permissive.ts";
import { mutantsOf, policyOf } from "../../../support/mutation-facts.ts";

test("permissive becomes restrictive, and the other way about", async () => {
  const policies = [policyOf(), policyOf({ name: "limit", permissive: false })];
  const mutants = await mutantsOf(swapPermissive, { policies });
  expect(mutants.map(({ sql }) => / as (\w+) /.exec(sql)?.[1])).toEqual(["restrictive", "permissive"]);
});
