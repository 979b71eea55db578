import { quoteIdent } from "../../core/quote-ident.ts";
import type { Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

export const dropTrigger = {
  name: "drop-trigger",
  does: "drops a trigger",
  damage: ({ triggers }: Facts): Mutation[] =>
    triggers.map(({ schema, relation, name, definition }) => ({
      subject: { kind: "trigger", schema, relation, name },
      before: definition.replace(/^CREATE (CONSTRAINT )?TRIGGER \S+ /, "").replaceAll(/\s+/g, " "),
      after: "",
      sql: `drop trigger ${quoteIdent(name)} on ${onTable({ schema, relation })}`,
    })),
};
