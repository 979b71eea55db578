import { expect, test } from "vitest";
import { changeLiteral } from "../../../../src/mutate/operators/change-literal.ts";
import { changesIn } from "../../../support/mutation-facts.ts";

const enums = [["draft", "open", "closed"]];

test("a value of an enumerated type becomes each other one", async () => {
  expect(await changesIn("status = 'open'", changeLiteral, { enums })).toEqual([
    "using 'open' → using 'draft'",
    "using 'open' → using 'closed'",
  ]);
});

test("so does a text that a check lists", async () => {
  const constraints = [
    {
      schema: "api",
      relation: "members",
      name: "members_role_check",
      kind: "check",
      definition: "",
      expression: "role = ANY (ARRAY['viewer'::text, 'admin'::text])",
    } as const,
  ];
  expect(await changesIn("auth.projects('admin') is null", changeLiteral, { constraints })).toEqual([
    "using 'admin' → using 'viewer'",
  ]);
});

test("a text that is in no list is left", async () => {
  expect(await changesIn("note = 'anything'", changeLiteral, { enums })).toEqual([]);
});
