import { subjectWords } from "../core/subject-words.ts";
import type { Facts } from "./facts.ts";
import { type Fragment, readFragments } from "./fragments.ts";
import type { Mutation } from "./mutation.ts";
import { type Operator, OPERATORS, type TreeOperator } from "./operators.ts";
import { editEach, nodesOf, parseExpression } from "./sql-tree.ts";

/** One damage to one object, with a name of its own. */
export interface Mutant extends Mutation {
  /** The same from run to run, as long as the object is the same: operator, subject, what changes. */
  readonly id: string;
  readonly operator: string;
}

/**
 * Every damage that makes sense for a database, each once: two operators may think of the same one, and a long expression
 * may hold the same condition twice. `loadSqlTrees` has run.
 */
export function planMutants(facts: Facts, operators: readonly Operator[] = OPERATORS): Mutant[] {
  const fragments = readFragments(facts);
  const lists = valueLists(facts);
  const planned = operators.flatMap((operator) => {
    const mutations =
      "damage" in operator ? operator.damage(facts) : fragments.flatMap((each) => ofFragment(operator, each, lists));
    return mutations.map((mutation): Mutant => ({
      ...mutation,
      operator: operator.name,
      id: idOf(operator, mutation),
    }));
  });
  const distinct = [...new Map(planned.toReversed().map((mutant) => [mutant.sql, mutant])).values()].toReversed();
  return numbered(distinct);
}

function ofFragment(operator: TreeOperator, fragment: Fragment, lists: readonly (readonly string[])[]): Mutation[] {
  if (!operator.on.includes(fragment.kind)) return [];
  const { subject, part, table } = fragment;
  const words = (text: string): string => [part, text].filter((word) => word !== "").join(" ");
  return editEach(fragment.tree, (node) => operator.edit(node, lists)).map(({ tree, before, after }) => ({
    subject,
    before: words(before),
    after: after === "" ? "" : words(after),
    sql: fragment.sqlWith(tree),
    table,
  }));
}

function idOf({ name }: Operator, { subject, before, after }: Mutation): string {
  const change = before === "" ? after : after === "" ? `without ${before}` : `${before} → ${after}`;
  return `${name}: ${subjectWords(subject)}: ${change}`;
}

/** Those that read alike get a number: the second `a = b` of a function. */
function numbered(mutants: readonly Mutant[]): Mutant[] {
  const seen = new Map<string, number>();
  return mutants.map((mutant) => {
    const count = (seen.get(mutant.id) ?? 0) + 1;
    seen.set(mutant.id, count);
    return count === 1 ? mutant : { ...mutant, id: `${mutant.id} (${count})` };
  });
}

/** The texts that go together: what a check lists (`role in ('viewer', 'admin')`), the values of an enumerated type. */
function valueLists({ constraints, enums }: Facts): (readonly string[])[] {
  const checked = constraints.flatMap(({ expression }) =>
    expression === null
      ? []
      : [...nodesOf(parseExpression(expression))].flatMap((node) =>
          "A_ArrayExpr" in node ? [textsOf(node.A_ArrayExpr.elements)] : [],
        ),
  );
  return [...checked, ...enums].filter((list) => list.length > 1);
}

function textsOf(elements: unknown): string[] {
  return [...nodesOf(elements)].flatMap((node) => ("A_Const" in node ? (node.A_Const.sval?.sval ?? []) : []));
}
