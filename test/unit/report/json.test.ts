import { expect, test } from "vitest";
import type { CommandResult } from "../../../src/core/command-result.ts";
import { resultJson } from "../../../src/report/json.ts";

const parsed = (result: object): unknown => JSON.parse(resultJson(result as CommandResult));

test("durations are rounded to tenths of a millisecond, wherever they stand, and nothing else is", () => {
  const steps = [
    { path: "a.sql", ms: 1081.640534 },
    { path: "b.sql", ms: null },
  ];
  expect(parsed({ command: "migrate", steps, ms: 0.04, share: 1.23456 })).toEqual({
    ok: true,
    command: "migrate",
    steps: [
      { path: "a.sql", ms: 1081.6 },
      { path: "b.sql", ms: null },
    ],
    ms: 0,
    share: 1.23456,
  });
});

test("the claims of a token are as they are", () => {
  expect(parsed({ command: "token", claims: { ms: 1.23456 } })).toMatchObject({ claims: { ms: 1.23456 } });
});
