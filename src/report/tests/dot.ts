import type { TestResult } from "../../core/command-result.ts";
import { hasFailed, type TestCase } from "../../core/test-result.ts";
import type { Style } from "../style.ts";
import { specReport } from "./spec.ts";

const WIDTH = 80;

/** A character a test: `.` passed, `F` failed, `s` skipped, `t` to do, `E` a file that died; then what failed. */
export function dotReport(result: TestResult, style: Style): string {
  const marks = result.files.flatMap(({ tests, problems }) => [
    ...tests.map((test) => mark(test, style)),
    ...problems.map(() => style.red("E")),
  ]);
  const rows: string[] = [];
  for (let at = 0; at < marks.length; at += WIDTH) rows.push(marks.slice(at, at + WIDTH).join(""));
  const failed = specReport({ ...result, files: result.files.filter(({ passed }) => !passed) }, style);
  return `${rows.map((row) => `${row}\n`).join("")}${rows.length > 0 ? "\n" : ""}${failed}`;
}

function mark(test: TestCase, style: Style): string {
  if (hasFailed(test)) return style.red("F");
  if (test.skip !== null) return style.yellow("s");
  return test.todo === null ? "." : style.yellow("t");
}
