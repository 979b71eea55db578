import { expect, test } from "vitest";
import type { ConstraintFact } from "../../../../src/mutate/facts.ts";
import { dropConstraint } from "../../../../src/mutate/operators/drop-constraint.ts";
import { mutantsOf } from "../../../support/mutation-facts.ts";

const constraint = (given: Partial<ConstraintFact>): ConstraintFact => ({
  schema: "api",
  relation: "notes",
  name: "notes_check",
  kind: "check",
  definition: "CHECK (owner > 0)",
  expression: "owner > 0",
  ...given,
});

test("each constraint is dropped", async () => {
  const mutants = await mutantsOf(dropConstraint, { constraints: [constraint({})] });
  expect(mutants.map(({ sql }) => sql)).toEqual(['alter table "api"."notes" drop constraint "notes_check"']);
});
