import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { AUDIT_RULES } from "../../src/audit/rules.ts";
import { RULES as LINT_RULES } from "../../src/lint/rules.ts";
import { readRuleCase } from "../support/audit-rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folders = (path: string): string[] =>
  readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
const ids = AUDIT_RULES.map(({ id }) => id);

test("each folder of rules is a rule, and each rule has its folder of tests", () => {
  expect(ids).toEqual(ids.toSorted());
  expect(folders("src/audit/rules")).toEqual(ids);
  expect(folders("test/rules")).toEqual(ids);
});

test("what lint finds in files, the audit finds in databases, by the same name", () => {
  expect(Object.keys(LINT_RULES).filter((id) => !ids.includes(id))).toEqual([]);
});

test("docs/rules holds a page for each rule, and no other", () => {
  const pages = readdirSync(join(ROOT, "docs/rules")).filter((name) => name !== "README.md");
  expect(pages.toSorted()).toEqual(ids.map((id) => `${id}.md`));
});

describe.each(AUDIT_RULES.map((rule) => [rule.id, rule] as const))("%s", (id, { text, title }) => {
  test("has five files that say something", () => {
    const files = [`src/audit/rules/${id}/rule.sql`, `src/audit/rules/${id}/rule.md`];
    const tests = ["fires", "quiet", "fixed"].map((name) => `test/rules/${id}/${name}.sql`);
    const missing = [...files, ...tests].filter((path) => !existsSync(join(ROOT, path)) || isEmpty(path));
    expect(missing).toEqual([]);
    expect(readRuleCase(id).finds.length).toBeGreaterThan(0);
  });

  test("says what it means, what happens, how to fix it and when it is wrong", () => {
    const headings = [...text.matchAll(/^#+ .+$/gm)].map(([heading]) => heading);
    expect(headings).toEqual([
      "## What it means",
      "## What happens if it is ignored",
      "## How to fix it",
      "## False positives",
    ]);
    const sections = text.split(/^## .+$/m).slice(1);
    expect(sections.every((section) => section.trim() !== "")).toBe(true);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
  });
});

function isEmpty(path: string): boolean {
  return readFileSync(join(ROOT, path), "utf8").trim() === "";
}
