import type { Facts } from "../facts.ts";
import type { Mutation } from "../mutation.ts";
import { policyConditions } from "../policy-condition.ts";

export const closePolicy = {
  name: "close-policy",
  does: "lets a policy's condition hold for no row",
  damage: (facts: Facts): Mutation[] => policyConditions(facts, "false"),
};
