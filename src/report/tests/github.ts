import type { TestResult } from "../../core/command-result.ts";
import { hasFailed, type TestFileResult } from "../../core/test-result.ts";
import { type Annotation, githubCommands } from "../github.ts";
import type { Style } from "../style.ts";
import { printable } from "../visible.ts";
import { specReport } from "./spec.ts";

/** Annotations on the lines that failed, then the report for people. `folder` is the project's in its repository. */
export function githubReport(result: TestResult, folder: string, style: Style): string {
  return `${githubCommands(result.files.flatMap(fileAnnotations), folder)}${printable(specReport(result, style), style)}`;
}

function fileAnnotations(file: TestFileResult): Annotation[] {
  const beginning = { file: file.path, line: 1, column: 1, text: "" };
  const failed = file.tests.filter(hasFailed);
  return [
    ...failed.map(({ number, name, location, diagnostics }) => {
      const title = `not ok ${number} ${name}`.trim();
      const text = diagnostics.length === 0 ? title : diagnostics.join("\n");
      return { level: "error" as const, title, text, location: location ?? beginning };
    }),
    ...file.problems.map(({ kind, message, location, detail }) => {
      const text = [message, detail ?? ""].join("\n").trim();
      return { level: "error" as const, title: kind, text, location: location ?? beginning };
    }),
  ];
}
