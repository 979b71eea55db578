import type { Facts } from "../facts.ts";
import { type Mutation, routineSubject, routineWords } from "../mutation.ts";

export const unpinSearchPath = {
  name: "unpin-search-path",
  does: "lets a function look up names in the caller's search_path",
  damage: ({ routines }: Facts): Mutation[] =>
    routines.flatMap((routine): Mutation[] => {
      const pinned = routine.settings.find((setting) => setting.startsWith("search_path="));
      if (pinned === undefined) return [];
      return [
        {
          subject: routineSubject(routine),
          before: `set ${pinned.replace("=", " = ")}`,
          after: "",
          sql: `alter ${routineWords(routine)} reset search_path`,
        },
      ];
    }),
};
