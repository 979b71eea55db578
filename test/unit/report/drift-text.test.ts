import { expect, test } from "vitest";
import type { DriftResult } from "../../../src/core/command-result.ts";
import { driftLines } from "../../../src/report/drift-text.ts";
import { makeStyle } from "../../../src/report/style.ts";

const RESULT: DriftResult = {
  command: "drift",
  database: { address: "me@host:5432/a\ndrop table x; --", source: "--database-url", version: "18.4" },
  against: "deployed",
  differences: [{ kind: "different", object: "function a.f()", detail: "definition:\n- one\n+ two" }],
  ignored: { differences: [], unmatched: [] },
  rolesAsTheyAre: [],
  sql: { statements: ["select 1;"], leftOut: ['statistics a."s\ndrop table y;"'] },
  equal: false,
  ms: 1,
};

test("what differs in a longer text stands below its line", () => {
  const lines = driftLines({ ...RESULT, sql: null }, makeStyle(false));
  expect(lines.slice(0, 3)).toEqual(["  different: function a.f(), definition:", "    - one", "    + two"]);
});

test("no name ends a comment of the script", () => {
  const script = driftLines(RESULT, makeStyle(false)).join("\n").split("\n");
  expect(script.filter((line) => !line.startsWith("--"))).toEqual([
    "begin;",
    "set local check_function_bodies = off;",
    "select 1;",
    "commit;",
  ]);
});

test("what was left out is counted, and what ignore misspells is told: in words, and in the comments of a script", () => {
  const ignored = { differences: RESULT.differences, unmatched: ["schema storag\nselect 1;"] };
  const last = driftLines({ ...RESULT, ignored, equal: true, sql: null }, makeStyle(false)).slice(1);
  expect(last).toEqual([
    "1 difference left out by ignore of the settings: --json lists them",
    "warning ignore of the settings names what is not there: schema storag\nselect 1;",
  ]);
  const script = driftLines({ ...RESULT, ignored }, makeStyle(false))
    .join("\n")
    .split("\n");
  expect(script.slice(-2)).toEqual([
    "-- 1 difference left out by ignore of the settings: --json lists them",
    "-- warning ignore of the settings names what is not there: schema storag select 1;",
  ]);
  expect(driftLines({ ...RESULT, equal: true, sql: null }, makeStyle(false))).toHaveLength(1);
  const unseen = driftLines({ ...RESULT, equal: true, sql: null, rolesAsTheyAre: ["app", "ops"] }, makeStyle(false));
  expect(unseen.at(-1)).toBe(
    "not seen: what was given by hand to app, ops, since the role that deploys may not make them anew",
  );
});
