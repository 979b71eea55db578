import { expect, test } from "vitest";
import { viewAsOwner } from "../../../../src/mutate/operators/view-as-owner.ts";
import { mutantsOf, tableOf } from "../../../support/mutation-facts.ts";

test("only views that ask as their reader", async () => {
  const view = tableOf({
    kind: "view",
    name: "mine",
    options: ["security_invoker=true"],
    definition: "select 1 as one",
  });
  const mutants = await mutantsOf(viewAsOwner, { relations: [view, { ...view, name: "plain", options: [] }] });
  expect(mutants.map(({ sql }) => sql)).toEqual(['alter view "api"."mine" set (security_invoker = false)']);
});
