import type { TestResult } from "../../core/command-result.ts";
import type { SourceLocation } from "../../core/errors.ts";
import { hasFailed, type TestFileResult } from "../../core/test-result.ts";
import type { Style } from "../style.ts";
import { specReport } from "./spec.ts";

/**
 * Annotations on the lines that failed, then the report for people.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function githubReport(result: TestResult, style: Style): string {
  const annotations = result.files.flatMap((file) => fileAnnotations(file));
  return `${annotations.map((line) => `${line}\n`).join("")}${specReport(result, style)}`;
}

function fileAnnotations(file: TestFileResult): string[] {
  const failed = file.tests.filter(hasFailed);
  return [
    ...failed.map(({ number, name, location, diagnostics }) =>
      annotation(file.path, location, { title: `not ok ${number} ${name}`, text: diagnostics.join("\n") }),
    ),
    ...file.problems.map(({ kind, message, location, detail }) =>
      annotation(file.path, location ?? null, { title: kind, text: [message, detail ?? ""].join("\n").trim() }),
    ),
  ];
}

function annotation(
  path: string,
  location: SourceLocation | null,
  { title, text }: { readonly title: string; readonly text: string },
): string {
  const place =
    location === null
      ? `file=${property(path)}`
      : `file=${property(location.file)},line=${location.line},col=${location.column}`;
  return `::error ${place},title=${property(title.trim())}::${data(text === "" ? title : text)}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
