import { expect, test } from "vitest";
import type { GrantFact } from "../../../../src/mutate/facts.ts";
import { widenGrant } from "../../../../src/mutate/operators/widen-grant.ts";
import { mutantsOf, routineOf, tableOf } from "../../../support/mutation-facts.ts";

const grant = (given: Partial<GrantFact>): GrantFact => ({
  kind: "relation",
  schema: "api",
  name: "notes",
  column: null,
  identity: null,
  privilege: "select",
  grantee: "api_user",
  ...given,
});

test("a command that is not granted is granted; one for some columns is granted for each of the others", async () => {
  const grants = [
    grant({}),
    grant({ privilege: "update", column: "note" }),
    grant({ privilege: "insert", column: "note" }),
  ];
  const mutants = await mutantsOf(widenGrant, { relations: [tableOf()], grants });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    'grant insert ("owner") on "api"."notes" to "api_user"',
    'grant update ("owner") on "api"."notes" to "api_user"',
    'grant delete on "api"."notes" to "api_user"',
  ]);
});

test("a table in a schema that the role may not use is widened by the schema alone", async () => {
  const mutants = await mutantsOf(widenGrant, { relations: [tableOf({ schema: "hidden" })] });
  expect(mutants.map(({ sql }) => sql)).toEqual(['grant usage on schema "hidden" to "api_user"']);
});

test("a function is granted to whoever may not call it, and a trigger function to nobody", async () => {
  const routines = [
    routineOf({ source: "begin end" }),
    routineOf({ name: "t", isTrigger: true, source: "begin end" }),
    routineOf({ name: "g", source: "begin end" }),
  ];
  const grants = [grant({ kind: "function", name: "g", identity: "api.g()", privilege: "execute" })];
  const mutants = await mutantsOf(widenGrant, { routines, grants });
  expect(mutants.map(({ sql }) => sql)).toEqual(['grant execute on routine api.f() to "api_user"']);
});
