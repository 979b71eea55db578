import { expect, test } from "vitest";
import { detailWords } from "../../../src/schema/detail.ts";

test.each([
  ["rowSecurity", true, false, "row level security: yes → no"],
  ["checkExpr", null, "(id > 0)", "with check: none → (id > 0)"],
  ["roles", ["a", "b"], [], "roles: a, b → none"],
  ["def", "a\nb\nc", "a\nx\nc", "definition:\n- b\n+ x"],
  ["def", "a\nb", "a\nb\nc", "definition:\n+ c"],
])("%s: both values, or the lines that differ", (property, expected, found, words) => {
  expect(detailWords(property, expected, found)).toBe(words);
});

test.each([
  ["config", ["app.secret=one"], ["app.secret=two", "work_mem=4MB"]],
  ["def", "create function\n SET app.secret TO 'one'\nas x", "create function\n SET app.secret TO 'two'\nas x"],
])("the value of an application's own setting is not shown in %s", (property, expected, found) => {
  const words = detailWords(property, expected, found);
  expect(words).toContain("app.secret");
  expect(words).not.toMatch(/one|two/);
});
