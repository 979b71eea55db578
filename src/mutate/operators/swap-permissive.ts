import type { Facts } from "../facts.ts";
import { type Mutation, policySubject, recreatePolicy } from "../mutation.ts";

const wordOf = (permissive: boolean): string => (permissive ? "as permissive" : "as restrictive");

export const swapPermissive = {
  name: "swap-permissive",
  does: "makes a permissive policy restrictive, or a restrictive one permissive",
  damage: ({ policies }: Facts): Mutation[] =>
    policies.map((policy) => ({
      subject: policySubject(policy),
      before: wordOf(policy.permissive),
      after: wordOf(!policy.permissive),
      sql: recreatePolicy({ ...policy, permissive: !policy.permissive }),
      table: policy.table,
    })),
};
