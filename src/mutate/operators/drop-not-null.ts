import { quoteIdent } from "../../core/quote-ident.ts";
import type { Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

export const dropNotNull = {
  name: "drop-not-null",
  does: "lets a column be null",
  damage: ({ relations }: Facts): Mutation[] =>
    relations
      .filter(({ kind }) => kind === "table")
      .flatMap(({ schema, name: relation, columns }) =>
        columns
          .filter(({ notNull }) => notNull)
          .map(({ name }) => ({
            subject: { kind: "column", schema, relation, name },
            before: "not null",
            after: "",
            sql: `alter table ${onTable({ schema, relation })} alter column ${quoteIdent(name)} drop not null`,
          })),
      ),
};
