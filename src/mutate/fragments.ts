import { quoteIdent } from "../core/quote-ident.ts";
import type { Subject } from "../core/subject.ts";
import type { Facts, PolicyFact, RoutineFact } from "./facts.ts";
import { onTable, policySubject, routineSubject } from "./mutation.ts";
import { type QuerySpan, readPlpgsql } from "./plpgsql.ts";
import { isFaithful, type Node, nodesOf, parseExpression, parseStatements, printNode, type Tree } from "./sql-tree.ts";

/** A piece of SQL in the catalog that can be changed by its tree. */
export interface Fragment {
  readonly subject: Subject;
  readonly kind: "policy" | "view" | "routine" | "check" | "trigger";
  /** What of the subject it is: `using`, `with check`. Empty where there is nothing to tell apart. */
  readonly part: string;
  readonly tree: Tree;
  /** The statements that make the subject anew with another tree. */
  readonly sqlWith: (tree: Tree) => string;
  readonly table?: string | undefined;
}

/**
 * All pieces of SQL that decide who may do what: in policies, views, routines that know the caller, checks, triggers. What
 * would not come out again as it went in is left out.
 */
export function readFragments(facts: Facts): Fragment[] {
  const aware = callerAware(facts.routines);
  const fragments = [
    ...facts.policies.flatMap(ofPolicy),
    ...ofViews(facts),
    ...facts.routines.filter(({ oid }) => aware.has(oid)).flatMap(ofRoutine),
    ...ofChecks(facts),
    ...ofTriggers(facts),
  ];
  return fragments.filter(({ tree }) => isFaithful(tree as Node));
}

function ofPolicy(policy: PolicyFact): Fragment[] {
  const of = (part: "using" | "with check", expression: string | null): Fragment[] =>
    expression === null
      ? []
      : [
          {
            subject: policySubject(policy),
            kind: "policy",
            part,
            tree: parseExpression(expression),
            sqlWith: (tree) =>
              `alter policy ${quoteIdent(policy.name)} on ${onTable(policy)} ${part} (${printNode(tree as Node)})`,
            table: policy.table,
          },
        ];
  return [...of("using", policy.using), ...of("with check", policy.withCheck)];
}

function ofViews({ relations }: Facts): Fragment[] {
  return relations.flatMap(({ schema, name, options, definition, oid }): Fragment[] => {
    if (definition === null) return [];
    const withOptions = options.length === 0 ? "" : ` with (${options.join(", ")})`;
    return parseStatements(definition).map((tree) => ({
      subject: { kind: "relation", schema, name },
      kind: "view",
      part: "",
      tree,
      sqlWith: (changed) =>
        `create or replace view ${onTable({ schema, relation: name })}${withOptions} as ${printNode(changed as Node)}`,
      table: oid,
    }));
  });
}

function ofRoutine(routine: RoutineFact): Fragment[] {
  const fragment = (tree: Tree, rewrite: (changed: Tree) => string): Fragment => ({
    subject: routineSubject(routine),
    kind: "routine",
    part: "",
    tree,
    sqlWith: (changed) => withBody(routine, rewrite(changed)),
  });
  return piecesOf(routine).map(({ tree, rewrite }) => fragment(tree, rewrite));
}

/** A tree in a body, and the body with another in its place. */
interface Piece {
  readonly tree: Tree;
  readonly rewrite: (tree: Tree) => string;
}

function piecesOf(routine: RoutineFact): Piece[] {
  const { language, sqlBody, source } = routine;
  if (language === "plpgsql") return piecesOfPlpgsql(routine);
  if (sqlBody === null) return piecesOfStatements(source, { opening: "", closing: "" });
  const returned = /^\s*RETURN\s+([\s\S]+)$/.exec(sqlBody)?.[1];
  if (returned !== undefined)
    return [{ tree: parseExpression(returned), rewrite: (tree) => `RETURN ${printNode(tree as Node)}` }];
  const inner = sqlBody.replace(/^\s*BEGIN ATOMIC/, "").replace(/END\s*$/, "");
  return piecesOfStatements(inner, { opening: "BEGIN ATOMIC ", closing: "; END" });
}

function piecesOfStatements(
  sql: string,
  { opening, closing }: { readonly opening: string; readonly closing: string },
): Piece[] {
  const trees: readonly Tree[] = parseStatements(sql);
  return trees.map((tree, index) => ({
    tree,
    rewrite: (changed) => {
      const all = trees.with(index, changed).map((each) => printNode(each as Node));
      return `${opening}${all.join("; ")}${closing}`;
    },
  }));
}

function piecesOfPlpgsql({ definition, source }: RoutineFact): Piece[] {
  return readPlpgsql(definition, source).queries.flatMap((query) => {
    const tree = parsed(query);
    if (tree === undefined) return [];
    const words = (changed: Tree): string =>
      [printNode(changed as Node), query.into].filter((text) => text !== "").join(" ");
    return [{ tree, rewrite: (changed) => splice(source, query, words(changed)) }];
  });
}

/** PL/pgSQL runs what PostgreSQL's parser of SQL does not read (`open`, `call … into`) in ways of its own. */
function parsed({ sql, isExpression }: QuerySpan): Node | undefined {
  try {
    if (isExpression) return parseExpression(sql);
    const [statement, ...rest] = parseStatements(sql);
    return rest.length > 0 ? undefined : statement;
  } catch {
    return undefined;
  }
}

/** The routine made anew with another body. */
export function withBody({ definition, sqlBody, source }: RoutineFact, body: string): string {
  const before = sqlBody ?? source;
  const at = definition.lastIndexOf(before);
  return splice(definition, { start: at, end: at + before.length }, body);
}

export function splice(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  by: string,
): string {
  return text.slice(0, start) + by + text.slice(end);
}

function ofChecks({ constraints }: Facts): Fragment[] {
  return constraints.flatMap((constraint): Fragment[] => {
    const { schema, relation, name, expression } = constraint;
    if (expression === null) return [];
    const table = onTable(constraint);
    return [
      {
        subject: { kind: "constraint", schema, relation, name },
        kind: "check",
        part: "check",
        tree: parseExpression(expression),
        sqlWith: (tree) =>
          `alter table ${table} drop constraint ${quoteIdent(name)}, add constraint ${quoteIdent(name)} check (${printNode(tree as Node)})`,
      },
    ];
  });
}

function ofTriggers({ triggers }: Facts): Fragment[] {
  return triggers.flatMap(({ schema, relation, name, definition }): Fragment[] => {
    const [statement] = parseStatements(definition);
    if (statement === undefined || !("CreateTrigStmt" in statement)) return [];
    const { CreateTrigStmt: trigger } = statement;
    if (trigger.whenClause === undefined) return [];
    return [
      {
        subject: { kind: "trigger", schema, relation, name },
        kind: "trigger",
        part: "when",
        tree: trigger.whenClause,
        sqlWith: (tree) =>
          `drop trigger ${quoteIdent(name)} on ${onTable({ schema, relation })}; ` +
          printNode({ CreateTrigStmt: { ...trigger, whenClause: tree as Node } }),
      },
    ];
  });
}

/**
 * The routines that know who the caller is: they read PostgREST's settings or the role, or call one that does. Those
 * decide what a caller may; what the others compute is for other tests.
 */
export function callerAware(routines: readonly RoutineFact[]): ReadonlySet<string> {
  const callers = routines.map((routine) => ({ routine, calls: calledNames(routine) }));
  const aware = new Set(callers.filter(({ routine }) => readsCaller(routine)).map(({ routine }) => routine.oid));
  for (let size = -1; size !== aware.size;) {
    size = aware.size;
    const names = new Set(routines.filter(({ oid }) => aware.has(oid)).map(({ name }) => name));
    for (const { routine, calls } of callers) if (calls.some((name) => names.has(name))) aware.add(routine.oid);
  }
  return aware;
}

function readsCaller({ source, sqlBody }: RoutineFact): boolean {
  return /'request\.|\b(current_role|current_user|session_user)\b/i.test(sqlBody ?? source);
}

function calledNames(routine: RoutineFact): string[] {
  return piecesOf(routine).flatMap(({ tree }) =>
    [...nodesOf(tree)].flatMap((node) => {
      const last = "FuncCall" in node ? node.FuncCall.funcname?.at(-1) : undefined;
      return last !== undefined && "String" in last && last.String.sval !== undefined ? [last.String.sval] : [];
    }),
  );
}
