import { type Edit, type Node, printNode } from "../sql-tree.ts";

export const dropCondition = {
  name: "drop-condition",
  does: "leaves out one of several conditions, or a `where` as a whole",
  on: ["policy", "view", "routine", "trigger", "check"],
  edit: (node: Node): Edit[] => [...withoutTerm(node), ...withoutWhere(node)],
} as const;

function withoutTerm(node: Node): Edit[] {
  if (!("BoolExpr" in node) || node.BoolExpr.boolop === "NOT_EXPR") return [];
  const terms = node.BoolExpr.args ?? [];
  return terms.map((_, index) => {
    const [only, ...others] = terms.toSpliced(index, 1);
    return {
      node:
        only !== undefined && others.length === 0
          ? only
          : { BoolExpr: { ...node.BoolExpr, args: terms.toSpliced(index, 1) } },
    };
  });
}

/** A `where` of several conditions loses them one by one. */
function withoutWhere(node: Node): Edit[] {
  if ("SelectStmt" in node) {
    const { whereClause, ...rest } = node.SelectStmt;
    return isSingle(whereClause) ? [{ node: { SelectStmt: rest }, words: words(whereClause) }] : [];
  }
  if ("UpdateStmt" in node) {
    const { whereClause, ...rest } = node.UpdateStmt;
    return isSingle(whereClause) ? [{ node: { UpdateStmt: rest }, words: words(whereClause) }] : [];
  }
  if ("DeleteStmt" in node) {
    const { whereClause, ...rest } = node.DeleteStmt;
    return isSingle(whereClause) ? [{ node: { DeleteStmt: rest }, words: words(whereClause) }] : [];
  }
  return [];
}

function isSingle(where: Node | undefined): where is Node {
  return where !== undefined && !("BoolExpr" in where && where.BoolExpr.boolop !== "NOT_EXPR");
}

const words = (where: Node) => ({ before: `where ${printNode(where)}`, after: "" });
