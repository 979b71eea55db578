import type { Edit, Node } from "../sql-tree.ts";

export const swapAndOr = {
  name: "swap-and-or",
  does: "says `or` for `and`, or `and` for `or`",
  on: ["policy", "view", "routine", "trigger"],
  edit: (node: Node): Edit[] => {
    if (!("BoolExpr" in node)) return [];
    const { boolop } = node.BoolExpr;
    if (boolop === "AND_EXPR") return [{ node: { BoolExpr: { ...node.BoolExpr, boolop: "OR_EXPR" } } }];
    return boolop === "OR_EXPR" ? [{ node: { BoolExpr: { ...node.BoolExpr, boolop: "AND_EXPR" } } }] : [];
  },
} as const;
