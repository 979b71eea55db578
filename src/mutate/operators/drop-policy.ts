import { quoteIdent } from "../../core/quote-ident.ts";
import type { Facts } from "../facts.ts";
import { type Mutation, onTable, policySubject } from "../mutation.ts";

export const dropPolicy = {
  name: "drop-policy",
  does: "drops a policy",
  damage: ({ policies }: Facts): Mutation[] =>
    policies.map((policy) => ({
      subject: policySubject(policy),
      before: `for ${policy.command} to ${policy.roles.join(", ")}`,
      after: "",
      sql: `drop policy ${quoteIdent(policy.name)} on ${onTable(policy)}`,
      table: policy.table,
    })),
};
