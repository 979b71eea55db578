import type { Facts, RoutineFact } from "../facts.ts";
import { type Mutation, routineSubject } from "../mutation.ts";

export const constantAnswer = {
  name: "constant-answer",
  does: "lets a function that answers yes or no always say the same",
  damage: ({ routines }: Facts): Mutation[] =>
    routines
      .filter(({ returnsBoolean, isProcedure }) => returnsBoolean && !isProcedure)
      .flatMap((routine) => ["true", "false"].map((answer) => always(routine, answer))),
};

function always(routine: RoutineFact, answer: string): Mutation {
  const { definition, sqlBody, source, language } = routine;
  const at = definition.lastIndexOf(sqlBody ?? source);
  const head = sqlBody === null ? definition.slice(0, definition.lastIndexOf("AS $", at)) : definition.slice(0, at);
  const body = language === "sql" ? `select ${answer}` : `begin return ${answer}; end`;
  return {
    subject: routineSubject(routine),
    before: "its body",
    after: `return ${answer}`,
    sql: `${head} as $tm_db$${body}$tm_db$`,
  };
}
