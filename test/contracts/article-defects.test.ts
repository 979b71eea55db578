import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const TESTS = new URL("../database/", import.meta.url);
const POLICY_TESTS = new URL("../policies/", import.meta.url);
const ADR = new URL("../../docs/adr/0040-defects-without-a-test.md", import.meta.url);

function numbers(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, number]) => Number(number));
}

test("each of the article's 80 defects has one test, or one line that says why it has none", () => {
  const tested = readdirSync(TESTS).flatMap((name) =>
    numbers(readFileSync(new URL(name, TESTS), "utf8"), /\(\s*"defect (\d\d):/g),
  );
  const testedInSql = readdirSync(POLICY_TESTS).flatMap((name) =>
    numbers(readFileSync(new URL(name, POLICY_TESTS), "utf8"), /^-- defect (\d\d): .*\nselect tests\./gm),
  );
  const untested = numbers(readFileSync(ADR, "utf8"), /^\| (\d+) \|/gm);
  const all = [...tested, ...testedInSql, ...untested].toSorted((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
});
