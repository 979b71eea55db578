import { quoteIdent } from "../../core/quote-ident.ts";
import type { ConstraintFact, Facts } from "../facts.ts";
import { type Mutation, onTable } from "../mutation.ts";

const RULE = / ON DELETE (CASCADE|RESTRICT|SET NULL(?: \([^)]*\))?|SET DEFAULT(?: \([^)]*\))?)/;

export const changeOnDelete = {
  name: "change-on-delete",
  does: "changes what a reference does when what it points at is deleted",
  damage: ({ constraints }: Facts): Mutation[] =>
    constraints.filter(({ kind }) => kind === "foreign key").flatMap(ofReference),
};

function ofReference(constraint: ConstraintFact): Mutation[] {
  const { schema, relation, name, definition } = constraint;
  const rule = RULE.exec(definition)?.[1];
  // RESTRICT and no rule refuse alike, but for the moment.
  const refuses = rule === undefined || rule === "RESTRICT";
  const others = refuses ? ["CASCADE"] : rule === "CASCADE" ? ["NO ACTION", "SET NULL"] : ["NO ACTION", "CASCADE"];
  const at = RULE.exec(definition)?.index ?? (definition + " ").search(/( NOT)? DEFERRABLE| NOT VALID| $/);
  const [head, tail] = [definition.slice(0, at), definition.slice(at).replace(RULE, "")];
  return others.map((other) => ({
    subject: { kind: "constraint", schema, relation, name },
    before: `on delete ${(rule ?? "no action").toLowerCase()}`,
    after: `on delete ${other.toLowerCase()}`,
    sql: `alter table ${onTable(constraint)} drop constraint ${quoteIdent(name)}, add constraint ${quoteIdent(name)} ${head} ON DELETE ${other}${tail}`,
  }));
}
