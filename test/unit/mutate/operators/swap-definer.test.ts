import { expect, test } from "vitest";
import { swapDefiner } from "../../../../src/mutate/operators/swap-definer.ts";
import { mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

test("invoker becomes definer, and the other way about; procedures too", async () => {
  const routines = [
    routineOf({ source: "begin end" }),
    routineOf({ name: "p", identity: "api.p()", isProcedure: true, isDefiner: true, source: "begin end" }),
  ];
  const mutants = await mutantsOf(swapDefiner, { routines });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    "alter function api.f() security definer",
    "alter procedure api.p() security invoker",
  ]);
});
