import { expect, test } from "vitest";
import { outputOf, POLICY_TESTS, readPolicyTest, usePolicyTests } from "../support/policy-tests.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const client = usePolicyTests(db);

test.each(POLICY_TESTS)("%s passes", async (name) => {
  const lines = await outputOf(client(), readPolicyTest(name));
  const tests = lines.filter((line) => line.startsWith("ok "));
  expect(lines.filter((line) => /^(not ok|#)/.test(line))).toEqual([]);
  expect(lines.at(-1)).toBe(`1..${tests.length}`);
  expect(tests.length).toBeGreaterThan(0);
});
