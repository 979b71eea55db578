import type { TestResult } from "../../core/command-result.ts";
import type { TestFileResult } from "../../core/test-result.ts";

/** TAP 14: each file is a subtest, with what it printed; what is wrong with a file is said in comments. */
export function tapReport(result: TestResult): string {
  const files = result.files.flatMap((file, index) => fileLines(file, index + 1));
  return `${["TAP version 14", ...files, `1..${result.files.length}`].join("\n")}\n`;
}

function fileLines(file: TestFileResult, number: number): string[] {
  const comments = file.problems.flatMap(({ message, location }) => {
    const place = location === undefined ? "" : ` (${location.file}:${location.line}:${location.column})`;
    return `${message}${place}`.split("\n").map((line) => `# ${line}`);
  });
  const plan = file.tap.some((line) => /^1\.\.\d+/.test(line)) ? [] : [`1..${file.tests.length}`];
  return [
    `# Subtest: ${file.path}`,
    ...[...file.tap, ...plan, ...comments].map((line) => `    ${line}`),
    `${file.passed ? "ok" : "not ok"} ${number} - ${file.path} # time=${file.ms.toFixed(1)}ms`,
  ];
}
