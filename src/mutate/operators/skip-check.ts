import type { Facts, RoutineFact } from "../facts.ts";
import { splice, withBody } from "../fragments.ts";
import { type Mutation, routineSubject } from "../mutation.ts";
import { readPlpgsql, type Span } from "../plpgsql.ts";

/** Of functions in PL/pgSQL: `if … raise`, and outside of any branch `perform f(…)` and `raise exception`. */
export const skipCheck = {
  name: "skip-check",
  does: "takes a check out of a function: a condition under which it raises an error, or a call",
  damage: ({ routines }: Facts): Mutation[] =>
    routines.filter(({ language }) => language === "plpgsql").flatMap(ofRoutine),
};

function ofRoutine(routine: RoutineFact): Mutation[] {
  const { checks, calls } = readPlpgsql(routine.definition, routine.source);
  const without = (
    span: Span,
    instead: string,
    words: { readonly before: string; readonly after: string },
  ): Mutation => ({
    subject: routineSubject(routine),
    ...words,
    sql: withBody(routine, splice(routine.source, span, instead)),
  });
  const textOf = ({ start, end }: Span): string => routine.source.slice(start, end).replaceAll(/\s+/g, " ");
  return [
    ...checks.map((span) =>
      without(span, "false", { before: `if ${textOf(span)} then raise`, after: "if false then raise" }),
    ),
    ...calls.map((span) => without(span, "null", { before: textOf(span), after: "" })),
  ];
}
