import { expect, test } from "vitest";
import { clipChange, mutationProgress } from "../../../src/report/mutate-text.ts";

test("a change is shown with a little of what stayed the same", () => {
  const long = "x = 1 and ".repeat(20);
  const [before, after] = clipChange(`using (${long}a = 1 and ${long}b)`, `using (${long}a <> 1 and ${long}b)`);
  expect(before).toMatch(/^….{40}= 1 and .*…$/);
  expect(after).toMatch(/^….{40}<> 1 and .*…$/);
  expect(clipChange("for select", "for all")).toEqual(["for select", "for all"]);
  expect(clipChange("", "grant delete")).toEqual(["", "grant delete"]);
});

test("progress says how far, how bad and how long", () => {
  expect(mutationProgress({ kind: "mutated", done: 50, of: 100, survived: 2, msLeft: 61_000 })).toBe(
    "████████████░░░░░░░░░░░░ 50 of 100 damages, 2 not noticed, 1 min 1 s left",
  );
});
