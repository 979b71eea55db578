import { expect, test } from "vitest";
import type { ConstraintFact } from "../../../../src/mutate/facts.ts";
import { changeOnDelete } from "../../../../src/mutate/operators/change-on-delete.ts";
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

const reference = (tail: string): ConstraintFact =>
  constraint({ kind: "foreign key", expression: null, definition: `FOREIGN KEY (a) REFERENCES api.users(id)${tail}` });

test.each([
  [" ON DELETE CASCADE", [" ON DELETE NO ACTION", " ON DELETE SET NULL"]],
  [" ON DELETE SET NULL (a)", [" ON DELETE NO ACTION", " ON DELETE CASCADE"]],
  [" ON DELETE RESTRICT", [" ON DELETE CASCADE"]],
  ["", [" ON DELETE CASCADE"]],
  [" DEFERRABLE INITIALLY DEFERRED", [" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"]],
  [
    " ON UPDATE CASCADE ON DELETE CASCADE NOT VALID",
    [" ON UPDATE CASCADE ON DELETE NO ACTION NOT VALID", " ON UPDATE CASCADE ON DELETE SET NULL NOT VALID"],
  ],
])("%j becomes another rule", async (tail, others) => {
  const mutants = await mutantsOf(changeOnDelete, { constraints: [reference(tail)] });
  expect(mutants.map(({ sql }) => sql.split("api.users(id)")[1])).toEqual(others);
});

test("a check has no such rule", async () => {
  expect(await mutantsOf(changeOnDelete, { constraints: [constraint({})] })).toEqual([]);
});
