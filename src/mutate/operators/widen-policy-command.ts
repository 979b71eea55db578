import type { Facts } from "../facts.ts";
import { type Mutation, policySubject, recreatePolicy } from "../mutation.ts";

export const widenPolicyCommand = {
  name: "widen-policy-command",
  does: "makes a policy one for all commands",
  damage: ({ policies }: Facts): Mutation[] =>
    policies
      .filter(({ command }) => command !== "all")
      .map((policy) => ({
        subject: policySubject(policy),
        before: `for ${policy.command}`,
        after: "for all",
        sql: recreatePolicy({ ...policy, command: "all" }),
        table: policy.table,
      })),
};
