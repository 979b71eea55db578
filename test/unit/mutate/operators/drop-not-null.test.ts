import { expect, test } from "vitest";
import { dropNotNull } from "../../../../src/mutate/operators/drop-not-null.ts";
import { mutantsOf, tableOf } from "../../../support/mutation-facts.ts";

test("each column that may not be null by itself, of tables", async () => {
  const mutants = await mutantsOf(dropNotNull, {
    relations: [tableOf(), tableOf({ kind: "view", name: "v", definition: "select 1 as one" })],
  });
  expect(mutants.map(({ sql }) => sql)).toEqual(['alter table "api"."notes" alter column "owner" drop not null']);
});
