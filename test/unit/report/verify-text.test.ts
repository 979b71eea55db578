import { expect, test } from "vitest";
import type { VerifyCheck, VerifyResult } from "../../../src/core/command-result.ts";
import { makeStyle } from "../../../src/report/style.ts";
import { verifyLines } from "../../../src/report/verify-text.ts";

const check = (subject: string, what: VerifyCheck["check"]): VerifyCheck => ({
  subject,
  check: what,
  differences: [],
  failure: null,
});

const linesOf = (more: Partial<VerifyResult>): string[] =>
  verifyLines(
    {
      command: "verify",
      server: { address: "u@h:1/postgres", source: "--database-url", version: "18.4" },
      checks: [check("a.sql", "down")],
      unchecked: [],
      holds: true,
      ms: 5,
      ...more,
    },
    makeStyle(false),
  );

test("the last line claims no more than was checked", () => {
  const because = "b.sql has no way back";
  const unchecked = [
    { check: "everything", because },
    { check: "rows kept", because },
  ] as const;
  const oneWay = check("b.sql", "no way back");
  expect(linesOf({}).at(-1)).toMatch(/^every way back is exact /);
  expect(linesOf({ holds: false }).at(-1)).toMatch(/^not every way back is exact /);
  expect(linesOf({ checks: [check("a.sql", "down"), oneWay], unchecked }).slice(2)).toEqual([
    "  skipped  everything, down to nothing, up again and once more, was not checked: b.sql has no way back",
    "  skipped  rows that were there before were not checked: b.sql has no way back",
    expect.stringMatching(/^every way back that was checked is exact /),
  ]);
  expect(linesOf({ checks: [oneWay], unchecked }).at(-1)).toMatch(/^no way back was checked /);
});
