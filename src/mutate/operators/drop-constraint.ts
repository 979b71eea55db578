import { quoteIdent } from "../../core/quote-ident.ts";
import type { Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

export const dropConstraint = {
  name: "drop-constraint",
  does: "drops a constraint",
  damage: ({ constraints }: Facts): Mutation[] =>
    constraints.map((constraint) => ({
      subject: {
        kind: "constraint",
        schema: constraint.schema,
        relation: constraint.relation,
        name: constraint.name,
      },
      before: constraint.definition,
      after: "",
      sql: `alter table ${onTable(constraint)} drop constraint ${quoteIdent(constraint.name)}`,
    })),
};
