import { expect, test } from "vitest";
import type { GrantFact } from "../../../../src/mutate/facts.ts";
import { revokeGrant } from "../../../../src/mutate/operators/revoke-grant.ts";
import { mutantsOf, tableOf } from "../../../support/mutation-facts.ts";

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

test("each privilege is taken away by itself: of a schema, a table, a column, a function", async () => {
  const mutants = await mutantsOf(revokeGrant, {
    relations: [tableOf()],
    grants: [
      grant({}),
      grant({ privilege: "update", column: "note" }),
      grant({ kind: "schema", name: "api", privilege: "usage", grantee: "PUBLIC" }),
      grant({ kind: "function", name: "f", identity: "api.f(x integer)", privilege: "execute" }),
    ],
  });
  expect(mutants.map(({ sql }) => sql)).toEqual([
    'revoke select on "api"."notes" from "api_user"',
    'revoke update ("note") on "api"."notes" from "api_user"',
    'revoke usage on schema "api" from public',
    'revoke execute on routine api.f(x integer) from "api_user"',
  ]);
  expect(mutants.map(({ table }) => table)).toEqual(["1", "1", undefined, undefined]);
});
