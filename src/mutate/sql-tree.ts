import { setFlagsFromString } from "node:v8";
import type { Node } from "libpg-query";

export type { Node };

/** Something of a parsed statement: a node, a list of them, a plain value. */
export type Tree = unknown;

let parser: typeof import("libpg-query") | undefined;
let printer: typeof import("pgsql-deparser") | undefined;

/** Loads PostgreSQL's parser and what writes its trees as SQL; needed once before anything else here. */
export async function loadSqlTrees(): Promise<void> {
  if (parser !== undefined) return;
  // V8's second, optimising compiler costs more than it saves here.
  setFlagsFromString("--liftoff-only");
  const [loaded, deparser] = await Promise.all([import("libpg-query"), import("pgsql-deparser")]);
  await loaded.loadModule();
  [parser, printer] = [loaded, deparser];
}

function loaded(): {
  readonly parser: typeof import("libpg-query");
  readonly printer: typeof import("pgsql-deparser");
} {
  if (parser === undefined || printer === undefined) throw new Error("loadSqlTrees was not called");
  return { parser, printer };
}

/** The statements of a text. Throws where PostgreSQL's parser does. */
export function parseStatements(sql: string): Node[] {
  return (loaded().parser.parseSync(sql).stmts ?? []).flatMap(({ stmt }) => (stmt === undefined ? [] : [stmt]));
}

/** A single expression. Throws where PostgreSQL's parser does. */
export function parseExpression(sql: string): Node {
  const [statement] = parseStatements(`select ${sql}`);
  const target =
    statement !== undefined && "SelectStmt" in statement ? statement.SelectStmt.targetList?.[0] : undefined;
  const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
  if (value === undefined) throw new Error(`not an expression: ${sql}`);
  return value;
}

/** What PL/pgSQL's compiler reads in a `create function`, as libpg-query has it; undefined where it cannot. */
export function parsePlpgsql(definition: string): Tree {
  const { parser: reader } = loaded();
  try {
    return reader.parsePlPgSQLSync(definition);
  } catch {
    return undefined;
  }
}

/** A node as SQL, on one line. */
export function printNode(node: Node): string {
  return loaded()
    .printer.deparseSync(node, { pretty: false })
    .replaceAll(/\s*\n\s*/g, " ");
}

/** Whether a statement or expression that is written as SQL is read as the same tree again. */
export function isFaithful(tree: Node): boolean {
  try {
    const sql = printNode(tree);
    const again = /Stmt$/.test(Object.keys(tree)[0] ?? "") ? parseStatements(sql)[0] : parseExpression(sql);
    return withoutPlaces(again) === withoutPlaces(tree);
  } catch {
    return false;
  }
}

/** A tree as a text, without where in the SQL its nodes stood. */
function withoutPlaces(tree: Tree): string {
  return JSON.stringify(tree, (key, value: unknown) =>
    /(^|_)(location|start|end|len)$/.test(key) ? undefined : value,
  );
}

/** One node put in another's place. */
export interface Edit {
  readonly node: Node;
  /** What was there and what is now, in SQL, where the two nodes would show too much. */
  readonly words?: { readonly before: string; readonly after: string };
}

export interface EditedTree {
  readonly tree: Tree;
  readonly before: string;
  readonly after: string;
}

/** The trees that differ from `tree` by one edit each; `edit` is asked for every node, outermost first. */
export function editEach(tree: Tree, edit: (node: Node) => readonly Edit[]): EditedTree[] {
  if (Array.isArray(tree)) {
    return tree.flatMap((item, index) => rewrap(editEach(item, edit), (inner) => tree.with(index, inner) as Tree));
  }
  if (typeof tree !== "object" || tree === null) return [];
  const own = isNode(tree) ? edit(tree).map((made) => edited(tree, made)) : [];
  const inner = Object.entries(tree).flatMap(([key, value]) =>
    rewrap(editEach(value, edit), (changed) => ({ ...tree, [key]: changed })),
  );
  return [...own, ...inner];
}

function edited(before: Node, { node, words }: Edit): EditedTree {
  return { tree: node, before: words?.before ?? printNode(before), after: words?.after ?? printNode(node) };
}

const rewrap = (trees: readonly EditedTree[], wrap: (inner: Tree) => Tree): EditedTree[] =>
  trees.map((made) => ({ ...made, tree: wrap(made.tree) }));

/** Every node of a tree. */
export function* nodesOf(tree: Tree): Generator<Node> {
  if (typeof tree !== "object" || tree === null) return;
  if (isNode(tree)) yield tree;
  for (const value of Object.values(tree)) yield* nodesOf(value);
}

/** libpg-query writes a node as an object with its type for only key: `{ A_Const: … }`. */
function isNode(tree: object): tree is Node {
  const keys = Object.keys(tree);
  return keys.length === 1 && /^[A-Z]/.test(keys[0] ?? "");
}
