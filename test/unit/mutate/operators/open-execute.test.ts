import { expect, test } from "vitest";
import type { GrantFact } from "../../../../src/mutate/facts.ts";
import { openExecute } from "../../../../src/mutate/operators/open-execute.ts";
import { mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

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

test("PUBLIC gets back what it does not have, where that is more than the roles have", async () => {
  const routines = ["closed", "open", "everybodys"].map((name) => routineOf({ name, source: "begin end" }));
  const grants = [
    grant({ kind: "function", name: "open", identity: "api.open()", privilege: "execute", grantee: "PUBLIC" }),
    grant({ kind: "function", name: "everybodys", identity: "api.everybodys()", privilege: "execute" }),
  ];
  const mutants = await mutantsOf(openExecute, { routines, grants });
  expect(mutants.map(({ sql }) => sql)).toEqual(["grant execute on routine api.closed() to public"]);
});
