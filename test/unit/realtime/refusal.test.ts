import { expect, test } from "vitest";
import type { DatabaseError } from "pg";
import { refusalOf, type RefusedRead } from "../../../src/realtime/refusal.ts";

function refusal(code: string, during: RefusedRead["during"] = "query"): [number | undefined, boolean] {
  const error = { code, message: "said by the database" } as DatabaseError;
  const { farewell, isTrouble } = refusalOf({ kind: "refused", during, error });
  return [farewell?.code, isTrouble];
}

test("PostgREST's 401 and 403 are the user's end; what passes is not; everything else is trouble", () => {
  expect(refusal("PT401", "opening")).toEqual([4401, false]);
  expect(refusal("PT403", "opening")).toEqual([4403, false]);
  expect(refusal("P0001", "opening")).toEqual([4403, false]);
  expect(refusal("42501")).toEqual([4403, false]);
  expect(refusal("42P01")).toEqual([1011, true]);
  for (const state of ["57014", "40001", "53300", "55P03"])
    expect([state, refusal(state, "opening")]).toEqual([state, [undefined, true]]);
});

test("what is refused about a role is trouble, and no judgement of the user", () => {
  expect(refusal("42501", "role")).toEqual([1011, true]);
  expect(refusal("22021", "role")).toEqual([1011, true]);
  expect(refusal("57014", "role")).toEqual([undefined, true]);
});

test("only what is written for users is shown to them", () => {
  const error = { code: "42501", message: "permission denied for table secrets" } as DatabaseError;
  expect(refusalOf({ kind: "refused", during: "query", error }).farewell?.reason).not.toContain("secrets");
});
