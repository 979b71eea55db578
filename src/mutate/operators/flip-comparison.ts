import type { Edit, Node } from "../sql-tree.ts";

/** Each operator and the one that holds where it does not. */
const OPPOSITES: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  "~": "!~",
  "!~": "~",
  "~*": "!~*",
  "!~*": "~*",
  "~~": "!~~",
  "!~~": "~~",
  "~~*": "!~~*",
  "!~~*": "~~*",
};

export const flipComparison = {
  name: "flip-comparison",
  does: "turns a comparison into its opposite, and takes `not` away",
  on: ["policy", "view", "routine", "trigger"],
  edit: (node: Node): Edit[] => {
    if ("A_Expr" in node) return ofComparison(node);
    if ("NullTest" in node) {
      const nulltesttype = node.NullTest.nulltesttype === "IS_NULL" ? "IS_NOT_NULL" : "IS_NULL";
      return [{ node: { NullTest: { ...node.NullTest, nulltesttype } } }];
    }
    if ("BoolExpr" in node && node.BoolExpr.boolop === "NOT_EXPR") {
      return (node.BoolExpr.args ?? []).map((inner) => ({ node: inner }));
    }
    return [];
  },
} as const;

function ofComparison(node: Extract<Node, { A_Expr: unknown }>): Edit[] {
  const [name] = node.A_Expr.name ?? [];
  const operator = name !== undefined && "String" in name ? (name.String.sval ?? "") : "";
  const opposite = { String: { sval: OPPOSITES[operator] ?? "" } };
  const isKnown = operator in OPPOSITES;
  switch (node.A_Expr.kind) {
    case "AEXPR_DISTINCT":
      return [{ node: { A_Expr: { ...node.A_Expr, kind: "AEXPR_NOT_DISTINCT" } } }];
    case "AEXPR_NOT_DISTINCT":
      return [{ node: { A_Expr: { ...node.A_Expr, kind: "AEXPR_DISTINCT" } } }];
    case "AEXPR_OP":
    case "AEXPR_IN":
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
      return isKnown ? [{ node: { A_Expr: { ...node.A_Expr, name: [opposite] } } }] : [];
    case "AEXPR_OP_ANY":
      return isKnown ? [{ node: { A_Expr: { ...node.A_Expr, kind: "AEXPR_OP_ALL", name: [opposite] } } }] : [];
    case "AEXPR_OP_ALL":
      return isKnown ? [{ node: { A_Expr: { ...node.A_Expr, kind: "AEXPR_OP_ANY", name: [opposite] } } }] : [];
    default:
      return [];
  }
}
