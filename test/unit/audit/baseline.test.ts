import { expect, test } from "vitest";
import { applyBaseline, parseBaseline, writeBaseline } from "../../../src/audit/baseline.ts";
import type { AuditFinding } from "../../../src/core/audit.ts";

const FILE = "audit.baseline.json";
const KNOWN = ["rls-disabled", "matview-exposed"];
const parse = (value: unknown) => parseBaseline(FILE, JSON.stringify(value), KNOWN);
const entry = { rule: "rls-disabled", object: "table api.notes", reason: "a list for all" };
const finding: AuditFinding = {
  rule: "rls-disabled",
  severity: "error",
  object: "table api.notes",
  message: "is open",
  fix: null,
  location: null,
};

function problemsOf(value: unknown): string[] {
  try {
    parse(value);
    return [];
  } catch (error) {
    return (error as { problems: readonly { message: string }[] }).problems.map(({ message }) => message);
  }
}

test("every problem of a baseline is told, not the first", () => {
  const unexplained = { rule: entry.rule, object: entry.object };
  expect(
    problemsOf({
      findings: [
        entry,
        unexplained,
        { ...entry, rule: "rls-off" },
        { ...entry, note: 1 },
        5,
        { ...entry, reason: " " },
      ],
    }),
  ).toEqual([
    "findings[1] (rls-disabled, table api.notes) needs a reason",
    "findings[2]: there is no rule rls-off",
    "findings[3] may have rule, object and reason, and nothing else",
    "findings[4] must have a rule and an object",
    "findings[5] (rls-disabled, table api.notes) needs a reason",
  ]);
  expect(problemsOf([])).toEqual(["it must be an object with a list, findings, and nothing else"]);
  expect(problemsOf({ findings: [], others: [] })).toHaveLength(1);
  expect(() => parseBaseline(FILE, "{", KNOWN)).toThrowError("audit.baseline.json has");
  expect(parse({ findings: [entry] }).accepted).toEqual([entry]);
});

test("an entry accepts its rule at its object, and nothing else", () => {
  const baseline = parse({ findings: [entry] });
  const elsewhere = { ...finding, object: "table api.other" };
  const otherwise = { ...finding, rule: "matview-exposed" };
  const judged = applyBaseline([finding, elsewhere, otherwise], baseline, KNOWN);
  expect(judged.findings).toEqual([elsewhere, otherwise]);
  expect(judged.accepted).toEqual([{ ...finding, reason: "a list for all" }]);
});

test("an entry that accepts nothing is a finding where it stands, unless its rule was not asked", () => {
  const text = `{\n  "findings": [\n    ${JSON.stringify(entry)}\n  ]\n}\n`;
  const baseline = parseBaseline(FILE, text, KNOWN);
  expect(applyBaseline([], baseline, KNOWN).findings).toMatchObject([
    { rule: "baseline-stale", severity: "warning", object: "table api.notes", location: { line: 3, column: 5 } },
  ]);
  expect(applyBaseline([], baseline, ["matview-exposed"]).findings).toEqual([]);
});

test("what is written can be read, is in order, and keeps the reasons that were there", () => {
  const before = parse({ findings: [entry] });
  const found = [{ ...finding, object: 'table api."z"' }, finding, finding];
  const kept = [{ rule: "matview-exposed", object: "materialized view api.m", reason: "for all" }];
  const text = writeBaseline({ found, kept, reason: "later" }, before);
  expect(parseBaseline(FILE, text, KNOWN).accepted).toEqual([
    ...kept,
    { ...entry, object: 'table api."z"', reason: "later" },
    entry,
  ]);
  expect(parseBaseline(FILE, writeBaseline({ found: [], kept: [], reason: "x" }, undefined), KNOWN).accepted).toEqual(
    [],
  );
});
