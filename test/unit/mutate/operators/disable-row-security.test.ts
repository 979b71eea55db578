import { expect, test } from "vitest";
import { disableRowSecurity } from "../../../../src/mutate/operators/disable-row-security.ts";
import { mutantsOf, tableOf } from "../../../support/mutation-facts.ts";

test("only where it is on", async () => {
  const mutants = await mutantsOf(disableRowSecurity, {
    relations: [tableOf(), tableOf({ name: "open", rowSecurity: false })],
  });
  expect(mutants.map(({ sql }) => sql)).toEqual(['alter table "api"."notes" disable row level security']);
});
