import type { Facts } from "../facts.ts";
import { type Mutation, policySubject, recreatePolicy } from "../mutation.ts";

export const widenPolicyRoles = {
  name: "widen-policy-roles",
  does: "makes a policy one for everybody",
  damage: ({ policies }: Facts): Mutation[] =>
    policies
      .filter(({ roles }) => !roles.includes("PUBLIC"))
      .map((policy) => ({
        subject: policySubject(policy),
        before: `to ${policy.roles.join(", ")}`,
        after: "to public",
        sql: recreatePolicy({ ...policy, roles: ["PUBLIC"] }),
        table: policy.table,
      })),
};
