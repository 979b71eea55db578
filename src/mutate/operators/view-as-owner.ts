import type { Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

export const viewAsOwner = {
  name: "view-as-owner",
  does: "lets a view read with the rights of its owner",
  damage: ({ relations }: Facts): Mutation[] =>
    relations
      .filter(({ options }) => options.some((option) => /^security_invoker=(true|on|1|yes)$/i.test(option)))
      .map(({ schema, name, oid }) => ({
        subject: { kind: "relation", schema, name },
        before: "security_invoker = true",
        after: "security_invoker = false",
        sql: `alter view ${onTable({ schema, relation: name })} set (security_invoker = false)`,
        table: oid,
      })),
};
