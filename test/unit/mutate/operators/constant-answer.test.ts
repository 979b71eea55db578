import { expect, test } from "vitest";
import { constantAnswer } from "../../../../src/mutate/operators/constant-answer.ts";
import { mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

test("a function that answers yes or no answers always the same, in its own language", async () => {
  const routines = [
    routineOf({ source: "begin return 1 > 2; end", returnsBoolean: true }),
    routineOf({ name: "g", language: "sql", source: "select true", returnsBoolean: true }),
    routineOf({ name: "h", source: "begin end" }),
  ];
  const mutants = await mutantsOf(constantAnswer, { routines });
  expect(mutants.map(({ sql }) => /as \$tm_db\$(.*)\$tm_db\$/.exec(sql)?.[1])).toEqual([
    "begin return true; end",
    "begin return false; end",
    "select true",
    "select false",
  ]);
});
