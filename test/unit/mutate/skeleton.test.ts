import { expect, test } from "vitest";
import { skeletonOf } from "../../../src/mutate/skeleton.ts";

const FACTS = { policies: [] } as unknown as Parameters<typeof skeletonOf>[1];

function skeleton(schema: string, relation: string): string {
  const subject = { kind: "column", schema, relation, name: "it's" } as const;
  return skeletonOf({ subject, operator: "drop-not-null", before: "", after: "" }, FACTS);
}

const POLICY = { kind: "policy", schema: "api", relation: "tasks", name: "own" } as const;
const WITH_POLICY = {
  policies: [{ schema: "api", relation: "tasks", name: "own", command: "select", roles: ["api_user", "it's"] }],
} as unknown as typeof FACTS;

test.each([
  ["widen-policy-command", "select policy_cmd_is('api', 'tasks', 'own', 'select', 'own is for select');"],
  [
    "widen-policy-roles",
    "select policy_roles_are('api', 'tasks', 'own', array['api_user', 'it''s']::name[], 'own is for api_user, it''s');",
  ],
  ["open-policy", "select tests.sees_nothing($$ select * from api.tasks where <the row> $$"],
  ["drop-condition", "select tests.can_see($$ select * from api.tasks where <the row> $$"],
])("what is proposed for %s is what notices it", (operator, line) => {
  expect(skeletonOf({ subject: POLICY, operator, before: "", after: "" }, WITH_POLICY)).toContain(line);
});

test("a test that is proposed is SQL, whatever the names are", () => {
  expect(skeleton("api", "tasks")).toContain('update api.tasks set "it\'s" = null');
  expect(skeleton("Api", 'a"b; c')).toContain('update "Api"."a""b; c" set "it\'s" = null');
  expect(skeleton("api", "tasks")).toContain("null, 'it''s is always there')");
});
