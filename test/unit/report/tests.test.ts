import { expect, test } from "vitest";
import type { TestResult } from "../../../src/core/command-result.ts";
import type { TestCase, TestFileResult } from "../../../src/core/test-result.ts";
import { readTap } from "../../../src/policytest/read-tap.ts";
import { makeStyle } from "../../../src/report/style.ts";
import { REPORTERS, testReport } from "../../../src/report/tests/reporters.ts";

const PLAIN = makeStyle(false);

function testCase(number: number, more: Partial<TestCase> = {}): TestCase {
  const location = { file: "test/policies/a.sql", line: number + 1, column: 1, text: "select ok(…);" };
  return {
    number,
    name: `rule ${number}`,
    ok: true,
    todo: null,
    skip: null,
    location,
    diagnostics: [],
    subtests: [],
    ...more,
  };
}

function file(more: Partial<TestFileResult> = {}): TestFileResult {
  const tests = more.tests ?? [testCase(1)];
  const tap = [
    `1..${tests.length}`,
    ...tests.map(({ ok, number, name }) => `${ok ? "" : "not "}ok ${number} - ${name}`),
  ];
  const base = {
    path: "test/policies/a.sql",
    passed: true,
    planned: tests.length,
    skippedAll: null,
    problems: [],
    ms: 3,
  };
  return { ...base, tests, tap, ...more };
}

function result(files: readonly TestFileResult[], more: Partial<TestResult> = {}): TestResult {
  const tests = files.flatMap((each) => each.tests);
  return {
    command: "test",
    server: { address: "u@h:1/postgres", source: "--database-url", version: "18.4" },
    template: { name: "t", built: false },
    files,
    notRun: [],
    counts: {
      files: files.length,
      failedFiles: files.filter(({ passed }) => !passed).length,
      tests: tests.length,
      failed: tests.filter(({ ok }) => !ok).length,
      skipped: 0,
      todo: 0,
    },
    touched: {
      policies: 1,
      roles: ["reader"],
      commands: ["select"],
      untouched: [{ table: "api.books", policy: "p", command: "all" }],
    },
    narrowed: false,
    seed: null,
    passed: files.every(({ passed }) => passed),
    ms: 40,
    ...more,
  };
}

const FAILED = file({
  passed: false,
  tests: [
    testCase(1),
    testCase(2, {
      ok: false,
      name: 'a <reader> & "co"',
      diagnostics: ['Failed test 2: "x"', "        have: 1", "        want: 2"],
    }),
  ],
  problems: [
    {
      kind: "sql-error",
      message: "no such\ncolumn: 100%",
      location: { file: "test/policies/a.sql", line: 4, column: 8, text: "select nix;" },
      sqlState: "42703",
    },
  ],
});

test("spec: what passed in a line, what failed with its place and reason, and what no test touched", () => {
  const text = testReport(result([file(), FAILED], { seed: 7 }), { reporter: "spec", folder: "", style: PLAIN });
  expect(text).toMatch(/^pass {2}test\/policies\/a\.sql {2}1 test {2}3\.0 ms\nFAIL {2}/);
  expect(text).toContain('not ok 2 a <reader> & "co"  test/policies/a.sql:3:1');
  expect(text).toContain("        have: 1\n");
  expect(text).not.toContain("Failed test 2");
  expect(text).toContain("at test/policies/a.sql:4:8\n  4 | select nix;\n    |        ^");
  expect(text).toContain("no test touched\n  p on api.books (all)");
  expect(text).toContain("--seed 7");
  expect(text).toMatch(/\nfailed: 3 tests, 1 failed, 2 files, 1 failed in 40 ms/);
});

test("spec: a run of some files does not list what it did not touch, and slow files are named", () => {
  const text = testReport(result([file({ ms: 900 })], { narrowed: true }), {
    reporter: "spec",
    folder: "",
    style: PLAIN,
  });
  expect(text).not.toContain("p on api.books");
  expect(text).toMatch(/slow \(500 ms or more\)\n +900 ms {2}test\/policies\/a\.sql/);
});

test("dot: a character a test", () => {
  const tests = [
    testCase(1),
    testCase(2, { ok: false }),
    testCase(3, { skip: "x" }),
    testCase(4, { ok: false, todo: "x" }),
  ];
  const broken = file({ passed: false, tests, problems: [{ kind: "plan", message: "planned 5 test(s), but ran 4" }] });
  expect(testReport(result([broken]), { reporter: "dot", folder: "", style: PLAIN }).split("\n")[0]).toBe(".FstE");
});

test("tap: read again, it says the same", () => {
  const text = testReport(result([file(), FAILED]), { reporter: "tap", folder: "", style: PLAIN });
  const { tests, planned, errors } = readTap(text.split("\n").map((line) => ({ text: line, location: undefined })));
  expect({ planned, errors, oks: tests.map(({ ok }) => ok) }).toEqual({ planned: 2, errors: [], oks: [true, false] });
  expect(tests[1]?.subtests.map(({ ok }) => ok)).toEqual([true, false]);
});

test("junit: texts cannot break the XML", () => {
  const nasty = file({
    passed: false,
    tests: [testCase(1, { ok: false, name: "]]>\u0000\u001b[31m'\"<&", diagnostics: ["a\nb"] })],
  });
  const text = testReport(result([nasty, FAILED]), { reporter: "junit", folder: "", style: PLAIN });
  expect(text).toContain('name="]]&gt;\ufffd\ufffd[31m\'&quot;&lt;&amp;"');
  expect(text).toContain('<testsuites name="tm-db test" tests="3" failures="2" errors="1" time="0.040">');
  expect(text).toContain('<error type="sql-error" message="no such&#10;column: 100%">');
  expect([...text].every((character) => character >= " " || character === "\n")).toBe(true);
});

test("github: an annotation is one line, whatever the texts hold", () => {
  const lines = testReport(result([FAILED]), { reporter: "github", folder: "", style: PLAIN }).split("\n");
  expect(lines[0]).toMatch(
    /^::error file=test\/policies\/a\.sql,line=3,col=1,title=not ok 2 a <reader> & "co"::Failed test 2: "x"%0A/,
  );
  expect(lines[1]).toBe("::error file=test/policies/a.sql,line=4,col=8,title=sql-error::no such%0Acolumn: 100%25");
});

test("github: paths count from the repository's root, where the project is a folder of it", () => {
  const text = testReport(result([FAILED]), { reporter: "github", folder: "services/my db", style: PLAIN });
  const lines = text.split("\n").filter((line) => line.startsWith("::error "));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => !line.startsWith("::error file=services/my db/test/policies/"))).toEqual([]);
});

test("json: the result itself", () => {
  expect(JSON.parse(testReport(result([FAILED]), { reporter: "json", folder: "", style: PLAIN }))).toMatchObject({
    ok: true,
    passed: false,
  });
});

test("no reporter colours what is not for a terminal", () => {
  for (const reporter of REPORTERS)
    expect(testReport(result([FAILED]), { reporter: reporter, folder: "", style: PLAIN })).not.toContain("\u001b[");
});

test("no reporter prints what a terminal or a CI system would obey, wherever it comes from", () => {
  const nasty =
    "a\n::error title=forged::from a row\n\u001b[31m\u001b]0;title\u0007\u009b1A\u202e\r::warning::b\n##[error]c ##vso[task.d]";
  const tests = [testCase(1, { ok: false, name: nasty, diagnostics: [nasty, ...nasty.split("\n")] })];
  const location = { file: "test/policies/a.sql", line: 4, column: 8, text: nasty };
  const problems = [{ kind: "sql-error" as const, message: nasty, detail: nasty, hint: nasty, location }];
  const forged = file({ passed: false, tests, problems, skippedAll: nasty, tap: nasty.split("\n") });
  for (const reporter of REPORTERS) {
    const text = testReport(result([forged]), { reporter, folder: "", style: PLAIN });
    expect({ reporter, obeyed: text.match(/[^\P{Cc}\n]|\p{Cf}|##\w*\[/gu) }).toEqual({ reporter, obeyed: null });
    const commands = text.split("\n").filter((line) => line.trimStart().startsWith("::"));
    const own = reporter === "github" ? 2 : 0;
    expect({ reporter, commands }).toEqual({
      reporter,
      commands: Array(own).fill(expect.stringMatching(/^::error file=/)),
    });
  }
});

test("junit: what is written as a reference reads as it was", () => {
  const text = testReport(result([file({ tests: [testCase(1, { name: "\u202e##[error]" })] })]), {
    reporter: "junit",
    folder: "",
    style: PLAIN,
  });
  expect(text).toContain('name="&#8238;#&#35;[error]"');
});
