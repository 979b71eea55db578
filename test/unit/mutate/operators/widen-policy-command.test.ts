import { expect, test } from "vitest";
import { widenPolicyCommand } from "../../../../src/mutate/operators/widen-policy-command.ts";
import { mutantsOf, policyOf } from "../../../support/mutation-facts.ts";

test("a policy for one command becomes one for all, and is the same otherwise", async () => {
  const policies = [
    policyOf({ command: "delete", permissive: false }),
    policyOf({ name: "everything", command: "all" }),
  ];
  const mutants = await mutantsOf(widenPolicyCommand, { policies });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    'drop policy "select_own" on "api"."notes"; ' +
      'create policy "select_own" on "api"."notes" as restrictive for all to "api_user" using (owner = 1)',
  ]);
});
