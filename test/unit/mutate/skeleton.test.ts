import { expect, test } from "vitest";
import { skeletonOf } from "../../../src/mutate/skeleton.ts";

const FACTS = { policies: [] } as unknown as Parameters<typeof skeletonOf>[1];

function skeleton(schema: string, relation: string): string {
  const subject = { kind: "column", schema, relation, name: "it's" } as const;
  return skeletonOf({ subject, operator: "drop-not-null", before: "", after: "" }, FACTS);
}

test("a test that is proposed is SQL, whatever the names are", () => {
  expect(skeleton("api", "tasks")).toContain('update api.tasks set "it\'s" = null');
  expect(skeleton("Api", 'a"b; c')).toContain('update "Api"."a""b; c" set "it\'s" = null');
  expect(skeleton("api", "tasks")).toContain("null, 'it''s is always there')");
});
