import { expect, test } from "vitest";
import type { MutantVerdict } from "../../../src/core/mutation-result.ts";
import { countVerdicts, scoreOf, staleEntries, withReason } from "../../../src/mutate/score.ts";

const killed: MutantVerdict = { kind: "killed", by: { path: "a.sql", line: 1, title: "t" } };
const survived: MutantVerdict = { kind: "survived", toldApart: false };
const toldApart: MutantVerdict = { kind: "survived", toldApart: true };
const invalid: MutantVerdict = { kind: "invalid", message: "no" };

test("100 is all of them, and nothing less", () => {
  const none = { killed: 0, timedOut: 0, survived: 0, equivalent: 0, invalid: 0 };
  expect(scoreOf(none)).toBeNull();
  expect(scoreOf({ ...none, killed: 9999, survived: 1 })).toBe(99.9);
  expect(scoreOf({ ...none, killed: 9, timedOut: 1, equivalent: 5, invalid: 5 })).toBe(100);
  const verdicts = [killed, survived, invalid].map((verdict) => ({ verdict }));
  expect(countVerdicts(verdicts)).toEqual({ ...none, killed: 1, survived: 1, invalid: 1 });
});

test("a reason excuses a survivor that nobody can tell apart, and nothing else", () => {
  const list = [{ mutant: "m", reason: "why" }];
  expect(withReason("m", survived, list)).toEqual({ kind: "equivalent", reason: "why" });
  expect(withReason("other", survived, list)).toBe(survived);
  expect(withReason("m", toldApart, list)).toBe(toldApart);
  expect(withReason("m", killed, list)).toBe(killed);
});

test("an entry is stale when its damage is gone, noticed, refused, or told apart; not when it was not tried", () => {
  const verdicts = new Map<string, MutantVerdict>([
    ["killed", killed],
    ["apart", toldApart],
    ["refused", invalid],
    ["held", survived],
  ]);
  const list = ["killed", "apart", "refused", "held", "untried", "gone"].map((mutant) => ({ mutant, reason: "why" }));
  expect(staleEntries(list, { all: new Set([...verdicts.keys(), "untried"]), verdicts })).toEqual([
    { mutant: "killed", why: "killed" },
    { mutant: "apart", why: "told-apart" },
    { mutant: "refused", why: "invalid" },
    { mutant: "gone", why: "gone" },
  ]);
});
