import type { Facts } from "../facts.ts";
import type { Mutation } from "../mutation.ts";
import { policyConditions } from "../policy-condition.ts";

export const openPolicy = {
  name: "open-policy",
  does: "lets a policy's condition hold for every row",
  damage: (facts: Facts): Mutation[] => policyConditions(facts, "true"),
};
