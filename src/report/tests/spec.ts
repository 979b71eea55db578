import type { TestResult } from "../../core/command-result.ts";
import type { SourceLocation } from "../../core/errors.ts";
import { hasFailed, type TestCase, type TestFileProblem, type TestFileResult } from "../../core/test-result.ts";
import { caretLines, labelled } from "../error-text.ts";
import { formatMs, plural } from "../format.ts";
import type { Style } from "../style.ts";
import { diagnosticLines } from "./diagnostics.ts";
import { summaryLines } from "./summary.ts";

const SLOW_FILE_MS = 500;
const SLOWEST_SHOWN = 5;

/** Grouped by file: one line for a file that passed; of the others each test that failed, and why. */
export function specReport(result: TestResult, style: Style): string {
  const lines = [...result.files.flatMap((file) => fileLines(file, style)), ...slowLines(result, style)];
  return `${[...lines, ...summaryLines(result, style)].join("\n")}\n`;
}

function fileLines(file: TestFileResult, style: Style): string[] {
  const { path, tests, passed, skippedAll, ms } = file;
  const mark = passed ? style.green("pass") : style.red("FAIL");
  const failed = tests.filter(hasFailed);
  const number = skippedAll === null ? plural(tests.length, "test") : `skipped: ${skippedAll}`;
  const bad = failed.length === 0 ? "" : style.red(`, ${failed.length} failed`);
  const head = `${mark}  ${style.bold(path)}  ${number}${bad}  ${style.dim(formatMs(ms))}`;
  if (passed) return [head];
  return [
    head,
    ...failed.flatMap((test) => testLines(test, style)),
    ...file.problems.flatMap((problem) => problemLines(problem, style)),
    "",
  ];
}

function testLines(test: TestCase, style: Style): string[] {
  const { number, name, location, diagnostics } = test;
  return [
    `  ${style.red("not ok")} ${number}${name === "" ? "" : ` ${name}`}  ${style.dim(placeOf(location))}`,
    ...failedSubtests(test).map((sub) => `      ${style.red("not ok")} ${sub.number} ${sub.name}`),
    ...[...diagnostics, ...failedSubtests(test).flatMap((sub) => sub.diagnostics)].flatMap((text) =>
      diagnosticLines(text, style).map((line) => `      ${line}`),
    ),
  ];
}

function failedSubtests({ subtests }: TestCase): TestCase[] {
  return subtests.flatMap((sub) => [...(hasFailed(sub) ? [sub] : []), ...failedSubtests(sub)]);
}

function problemLines(problem: TestFileProblem, style: Style): string[] {
  const { message, location, detail, hint, sqlState } = problem;
  return [
    `  ${style.red("error")} ${message}`,
    ...(location === undefined ? [] : [`  ${style.cyan("at")} ${placeOf(location)}`, ...caretLines(location, style)]),
    ...(detail === undefined ? [] : labelled("detail", detail, style)),
    ...(sqlState === undefined ? [] : [`  ${style.dim("sqlstate")} ${sqlState}`]),
    ...(hint === undefined ? [] : labelled("hint", hint, style)),
  ];
}

function placeOf(location: SourceLocation | null): string {
  return location === null ? "" : `${location.file}:${location.line}:${location.column}`;
}

function slowLines({ files }: TestResult, style: Style): string[] {
  const slow = files.filter(({ ms }) => ms >= SLOW_FILE_MS).toSorted((a, b) => b.ms - a.ms);
  if (slow.length === 0) return [];
  const shown = slow.slice(0, SLOWEST_SHOWN).map(({ path, ms }) => `  ${formatMs(ms).padStart(8)}  ${path}`);
  return [style.yellow(`slow (${formatMs(SLOW_FILE_MS)} or more)`), ...shown];
}
