import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { Subject } from "../core/subject.ts";
import type { GrantFact, PolicyFact, RoutineFact } from "./facts.ts";

/** One damage, as an operator thinks of it. */
export interface Mutation {
  readonly subject: Subject;
  /** What is otherwise afterwards, each on one line: `using (…)` → `using (true)`. An empty one is nothing. */
  readonly before: string;
  readonly after: string;
  /** Does it: statements for the owner of everything. */
  readonly sql: string;
  /** What the files would declare it with, where the subject itself is not there: a privilege that nobody has. */
  readonly declaredAs?: Subject | undefined;
  /** The oid of the table that it is about, where there is one. */
  readonly table?: string | undefined;
}

export const onTable = ({ schema, relation }: { readonly schema: string; readonly relation: string }): string =>
  quoteName(schema, relation);

export function policySubject({ schema, relation, name }: PolicyFact): Subject {
  return { kind: "policy", schema, relation, name };
}

export function routineSubject({ schema, name, arguments: inputs }: RoutineFact): Subject {
  return { kind: "function", schema, name, arguments: inputs };
}

/** `function api.login(…)`, as `alter`, `grant` and `drop` take it. */
export function routineWords({ identity, isProcedure }: RoutineFact): string {
  return `${isProcedure ? "procedure" : "function"} ${identity}`;
}

export function roleWords(role: string): string {
  return role === "PUBLIC" ? "public" : quoteIdent(role);
}

/** Takes a policy away and makes it anew, with something said differently. */
export function recreatePolicy(policy: PolicyFact): string {
  return `drop policy ${quoteIdent(policy.name)} on ${onTable(policy)}; ${policySql(policy)}`;
}

export function policySql(policy: PolicyFact): string {
  return [
    `create policy ${quoteIdent(policy.name)} on ${onTable(policy)}`,
    `as ${policy.permissive ? "permissive" : "restrictive"}`,
    `for ${policy.command}`,
    `to ${policy.roles.map(roleWords).join(", ")}`,
    ...(policy.using === null ? [] : [`using (${policy.using})`]),
    ...(policy.withCheck === null ? [] : [`with check (${policy.withCheck})`]),
  ].join(" ");
}

export type Privilege = Pick<GrantFact, "kind" | "schema" | "name" | "column" | "identity" | "privilege" | "grantee">;

export function privilegeSubject({ kind, schema, name, column, privilege, grantee }: Privilege): Subject {
  const on = kind === "schema" ? ({ kind, name: schema } as const) : ({ kind, schema, name } as const);
  return { kind: "grant", on, privilege, grantee, ...(column === null ? {} : { column }) };
}

/** `select (email) on api.users`: what comes after `grant` or `revoke`. */
export function privilegeWords({ kind, schema, name, column, identity, privilege }: Privilege): string {
  const of = column === null ? privilege : `${privilege} (${quoteIdent(column)})`;
  switch (kind) {
    case "schema":
      return `${of} on schema ${quoteIdent(schema)}`;
    case "function":
      return `${of} on routine ${identity ?? quoteName(schema, name)}`;
    case "relation":
      return `${of} on ${quoteName(schema, name)}`;
  }
}

/** The same for people, who read names without quotes more easily. */
export function plainWords(sql: string): string {
  return sql.replaceAll(/(?<!")"([a-z_][a-z0-9_]*)"(?!")/g, "$1");
}
