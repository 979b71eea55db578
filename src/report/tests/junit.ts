import type { TestResult } from "../../core/command-result.ts";
import { hasFailed, type TestCase, type TestFileProblem, type TestFileResult } from "../../core/test-result.ts";

/** JUnit's XML, as CI systems read it: a suite for each file. @see https://github.com/testmoapp/junitxml */
export function junitReport(result: TestResult): string {
  const { counts, files, ms } = result;
  const errors = files.reduce((sum, { problems }) => sum + problems.length, 0);
  const head = attributes({
    name: "tm-db test",
    tests: counts.tests,
    failures: counts.failed,
    errors,
    time: seconds(ms),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n${files.map(suite).join("")}</testsuites>\n`;
}

function suite(file: TestFileResult): string {
  const { path, tests, problems, ms } = file;
  const head = attributes({
    name: path,
    tests: tests.length,
    failures: tests.filter(hasFailed).length,
    errors: problems.length,
    skipped: tests.filter(({ skip }) => skip !== null).length,
    time: seconds(ms),
  });
  const cases = [
    ...tests.map((test) => testCase(path, test)),
    ...problems.map((problem) => problemCase(path, problem)),
  ];
  return `  <testsuite ${head}>\n${cases.join("")}  </testsuite>\n`;
}

function testCase(path: string, test: TestCase): string {
  const { name, number, location, diagnostics } = test;
  const line = location === null ? {} : { file: location.file, line: location.line };
  const head = attributes({ classname: path, name: name === "" ? `test ${number}` : name, ...line });
  if (hasFailed(test)) {
    return `    <testcase ${head}>\n      <failure message="${escape(diagnostics[0] ?? "not ok")}">${escape(diagnostics.join("\n"))}</failure>\n    </testcase>\n`;
  }
  const reason = test.skip ?? test.todo;
  if (reason === null) return `    <testcase ${head}/>\n`;
  const word = test.skip === null ? "TODO" : "SKIP";
  return `    <testcase ${head}>\n      <skipped message="${escape(`${word} ${reason}`.trim())}"/>\n    </testcase>\n`;
}

function problemCase(path: string, { kind, message, location, detail }: TestFileProblem): string {
  const place = location === undefined ? "" : `${location.file}:${location.line}:${location.column}\n`;
  const head = attributes({ classname: path, name: kind });
  return `    <testcase ${head}>\n      <error type="${kind}" message="${escape(message)}">${escape(`${place}${detail ?? ""}`)}</error>\n    </testcase>\n`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escape(String(value))}"`)
    .join(" ");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/**
 * Text for XML 1.0, which has no place at all for most control characters. What a terminal or a CI system would obey all the
 * same is written as a reference.
 */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(
      /[\r\n\u007f-\u009f\p{Cf}\u2028\u2029]|(?<=#)#(?=[a-z]*\[)/giu,
      (found) => `&#${found.codePointAt(0)};`,
    );
}
