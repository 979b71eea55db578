import type { Edit, Node } from "../sql-tree.ts";

/** A role or a status is a text that a check lists among others, or a value of an enumerated type. */
export const changeLiteral = {
  name: "change-literal",
  does: "says another role or status",
  on: ["policy", "view", "routine", "trigger"],
  edit: (node: Node, lists: readonly (readonly string[])[]): Edit[] => {
    const text = "A_Const" in node ? node.A_Const.sval?.sval : undefined;
    if (text === undefined) return [];
    const others = new Set(lists.filter((list) => list.includes(text)).flat());
    others.delete(text);
    return [...others].map((sval) => ({ node: { A_Const: { sval: { sval } } } }));
  },
} as const;
