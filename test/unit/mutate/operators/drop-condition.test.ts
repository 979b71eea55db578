import { expect, test } from "vitest";
import { dropCondition } from "../../../../src/mutate/operators/drop-condition.ts";
import { changesIn, mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

test("each of several conditions is left out, also of those inside", async () => {
  expect(await changesIn("a = 1 and (b = 2 or c = 3)", dropCondition)).toEqual([
    "using a = 1 AND (b = 2 OR c = 3) → using b = 2 OR c = 3",
    "using a = 1 AND (b = 2 OR c = 3) → using a = 1",
    "using b = 2 OR c = 3 → using c = 3",
    "using b = 2 OR c = 3 → using b = 2",
  ]);
});

test("a where of one condition is left out as a whole, in queries and in what writes", async () => {
  const source =
    "select 1 from api.notes where owner = (select current_user::int); delete from api.notes where owner = 1";
  const mutants = await mutantsOf(dropCondition, { routines: [routineOf({ language: "sql", source })] });
  expect(mutants.map(({ before, after }) => [before, after])).toEqual([
    ["where owner = ((SELECT CAST(CURRENT_USER AS int)))", ""],
    ["where owner = 1", ""],
  ]);
  expect(mutants[1]?.sql).toMatch(/DELETE FROM api\.notes\$function\$/);
});

test("one condition alone, and what no caller decides, are left", async () => {
  expect(await changesIn("owner = 1", dropCondition)).toEqual([]);
  const source = "select 1 from api.notes where owner = 1";
  expect(await mutantsOf(dropCondition, { routines: [routineOf({ language: "sql", source })] })).toEqual([]);
});
