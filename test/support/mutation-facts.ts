import type { Facts, PolicyFact, RelationFact, RoutineFact } from "../../src/mutate/facts.ts";
import type { Operator } from "../../src/mutate/operators.ts";
import { type Mutant, planMutants } from "../../src/mutate/plan.ts";
import { loadSqlTrees } from "../../src/mutate/sql-tree.ts";

/** A database with nothing in it but what is given. */
export function factsOf(given: Partial<Facts>): Facts {
  return {
    roles: [{ name: "api_user", schemas: ["api"] }],
    relations: [],
    policies: [],
    routines: [],
    constraints: [],
    triggers: [],
    enums: [],
    grants: [],
    ...given,
  };
}

export function policyOf(given: Partial<PolicyFact> = {}): PolicyFact {
  return {
    table: "1",
    schema: "api",
    relation: "notes",
    name: "select_own",
    command: "select",
    permissive: true,
    roles: ["api_user"],
    using: "owner = 1",
    withCheck: null,
    ...given,
  };
}

export function tableOf(given: Partial<RelationFact> = {}): RelationFact {
  return {
    oid: "1",
    schema: "api",
    name: "notes",
    kind: "table",
    rowSecurity: true,
    options: [],
    definition: null,
    columns: [
      { name: "id", notNull: false, isFilled: true },
      { name: "owner", notNull: true, isFilled: false },
      { name: "note", notNull: false, isFilled: false },
    ],
    ...given,
  };
}

/** A function without arguments; its body goes into its definition. */
export function routineOf(given: Partial<RoutineFact> & { readonly source: string }): RoutineFact {
  const { language = "plpgsql", source, name = "f" } = given;
  return {
    oid: name,
    schema: "api",
    name,
    identity: `api.${name}()`,
    arguments: [],
    isProcedure: false,
    isTrigger: false,
    returnsBoolean: false,
    language,
    isDefiner: false,
    settings: [],
    definition: `CREATE OR REPLACE FUNCTION api.${name}()\n RETURNS ${given.returnsBoolean === true ? "boolean" : "void"}\n LANGUAGE ${language}\nAS $function$${source}$function$\n`,
    sqlBody: null,
    ...given,
  };
}

/** What one operator alone thinks of. */
export async function mutantsOf(operator: Operator, given: Partial<Facts>): Promise<Mutant[]> {
  await loadSqlTrees();
  return planMutants(factsOf(given), [operator]);
}

/** The changes of one operator to a policy's condition, as `before → after`. */
export async function changesIn(using: string, operator: Operator, more: Partial<Facts> = {}): Promise<string[]> {
  const mutants = await mutantsOf(operator, { policies: [policyOf({ using })], ...more });
  return mutants.map(({ before, after }) => `${before} → ${after}`);
}
