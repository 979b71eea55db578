import { expect, test } from "vitest";
import { ignoredBefore, isIgnored } from "../../../src/lint/ignored.ts";

test("the comments just before a statement ignore rules, with or without a reason", () => {
  const text = [
    "-- tm-db: ignore policy-for-all",
    "select 1;",
    "-- tm-db: ignore policy-to-public, policy-for-all: everybody may read the list",
    "--",
    "",
    "  -- tm-db: ignore view-security-invoker",
    "  create policy",
  ].join("\n");
  expect([...ignoredBefore(text, text.indexOf("create"))]).toEqual([
    "view-security-invoker",
    "policy-to-public",
    "policy-for-all",
  ]);
  expect([...ignoredBefore(text, text.indexOf("select"))]).toEqual(["policy-for-all"]);
  expect([...ignoredBefore(text, 0)]).toEqual([]);
});

test("a setting ignores a rule everywhere, or in one file", () => {
  const entries = [
    { rule: "a", path: undefined },
    { rule: "b", path: "migrations/0001_x.sql" },
  ];
  expect(isIgnored(entries, { rule: "a", path: "any.sql" })).toBe(true);
  expect(isIgnored(entries, { rule: "b", path: "migrations/0001_x.sql" })).toBe(true);
  expect(isIgnored(entries, { rule: "b", path: "migrations/0002_y.sql" })).toBe(false);
  expect(isIgnored(entries, { rule: "c", path: "any.sql" })).toBe(false);
});
