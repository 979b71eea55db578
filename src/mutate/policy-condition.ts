import { quoteIdent } from "../core/quote-ident.ts";
import type { Facts } from "./facts.ts";
import { type Mutation, onTable, policySubject } from "./mutation.ts";

/** Every `using` and `with check` that says another condition in its place. */
export function policyConditions({ policies }: Facts, instead: "true" | "false"): Mutation[] {
  return policies.flatMap((policy) =>
    (["using", "with check"] as const).flatMap((part): Mutation[] => {
      const expression = part === "using" ? policy.using : policy.withCheck;
      if (expression === null || expression === instead) return [];
      return [
        {
          subject: policySubject(policy),
          before: `${part} (${expression.replaceAll(/\s+/g, " ")})`,
          after: `${part} (${instead})`,
          sql: `alter policy ${quoteIdent(policy.name)} on ${onTable(policy)} ${part} (${instead})`,
          table: policy.table,
        },
      ];
    }),
  );
}
