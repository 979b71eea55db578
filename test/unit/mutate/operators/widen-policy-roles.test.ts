import { expect, test } from "vitest";
import { widenPolicyRoles } from "../../../../src/mutate/operators/widen-policy-roles.ts";
import { mutantsOf, policyOf } from "../../../support/mutation-facts.ts";

test("a policy for some becomes one for everybody", async () => {
  const policies = [policyOf({ roles: ["api_user", "api_admin"] }), policyOf({ name: "anybody", roles: ["PUBLIC"] })];
  const mutants = await mutantsOf(widenPolicyRoles, { policies });
  expect(mutants.map(({ before, after }) => [before, after])).toEqual([["to api_user, api_admin", "to public"]]);
  expect(mutants[0]?.sql).toContain("for select to public using (owner = 1)");
});
