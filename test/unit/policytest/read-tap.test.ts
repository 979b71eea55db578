import { expect, test } from "vitest";
import { readTap } from "../../../src/policytest/read-tap.ts";
import { hasFailed } from "../../../src/core/test-result.ts";

const read = (text: string) => readTap(text.split("\n").map((line) => ({ text: line, location: undefined })));

test("a TODO that fails has not failed, nor has a SKIP; their reasons are kept", () => {
  const { tests, planned } = read("1..3\nnot ok 1 - a # TODO later\nok 2 - b # SKIP no luck\nnot ok 3 - c");
  expect(planned).toBe(3);
  expect(tests.map(hasFailed)).toEqual([false, false, true]);
  expect(tests).toMatchObject([{ todo: "later" }, { skip: "no luck" }, { name: "c" }]);
});

test("comments belong to the test before them", () => {
  const { tests } = read("1..2\nnot ok 1 - a\n# have: 1\n# want: 2\nok 2 - b");
  expect(tests.map(({ diagnostics }) => diagnostics)).toEqual([["have: 1", "want: 2"], []]);
});

test("subtests belong to the test after them, and are not counted", () => {
  const { tests } = read("# Subtest: x\n    ok 1 - in\n    not ok 2 - deep\n    # why\n    1..2\nnot ok 1 - x\n1..1");
  expect(tests).toMatchObject([
    { name: "x", ok: false, subtests: [{ name: "in" }, { name: "deep", ok: false, diagnostics: ["why"] }] },
  ]);
});

test("a plan that skips everything says why; no output plans nothing", () => {
  expect(read("1..0 # SKIP no server")).toMatchObject({ planned: 0, skippedAll: "no server", tests: [] });
  expect(read("")).toMatchObject({ planned: null, skippedAll: null, tests: [] });
});

test("Bail out! ends everything", () => {
  expect(read("1..2\nok 1\nBail out! on fire").bailOut).toBe("on fire");
});

test("numbers that do not fit the plan are errors", () => {
  expect(read("1..2\nok 1\nok 7").errors).not.toEqual([]);
  expect(read("1..2\nok 1\nok 2").errors).toEqual([]);
});
