import type { Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

export const disableRowSecurity = {
  name: "disable-row-security",
  does: "turns row level security off",
  damage: ({ relations }: Facts): Mutation[] =>
    relations
      .filter(({ rowSecurity }) => rowSecurity)
      .map(({ schema, name, oid }) => ({
        subject: { kind: "row-security", schema, relation: name },
        before: "enable row level security",
        after: "disable row level security",
        sql: `alter table ${onTable({ schema, relation: name })} disable row level security`,
        table: oid,
      })),
};
