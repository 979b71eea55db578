import type { Facts } from "../facts.ts";
import { type Mutation, routineSubject, routineWords } from "../mutation.ts";

const wordOf = (isDefiner: boolean): string => (isDefiner ? "security definer" : "security invoker");

export const swapDefiner = {
  name: "swap-definer",
  does: "runs a function with the rights of its owner instead of the caller's, or the other way about",
  damage: ({ routines }: Facts): Mutation[] =>
    routines.map((routine) => ({
      subject: routineSubject(routine),
      before: wordOf(routine.isDefiner),
      after: wordOf(!routine.isDefiner),
      sql: `alter ${routineWords(routine)} ${wordOf(!routine.isDefiner)}`,
    })),
};
