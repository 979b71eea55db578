import type { TestResult } from "../../core/command-result.ts";
import { assertNever } from "../../core/errors.ts";
import { resultJson } from "../json.ts";
import type { Style } from "../style.ts";
import { printable } from "../visible.ts";
import { dotReport } from "./dot.ts";
import { githubReport } from "./github.ts";
import { junitReport } from "./junit.ts";
import { specReport } from "./spec.ts";
import { tapReport } from "./tap.ts";

/** What `--reporter` may name. */
export const REPORTERS = ["spec", "dot", "tap", "junit", "github", "json"] as const;

export type Reporter = (typeof REPORTERS)[number];

/** The result of a test run as a reporter words it; `folder` is the project's in its repository, for annotations. Nothing in it is obeyed but those. */
export function testReport(
  result: TestResult,
  { reporter, folder, style }: { readonly reporter: Reporter; readonly folder: string; readonly style: Style },
): string {
  switch (reporter) {
    case "spec":
      return printable(specReport(result, style), style);
    case "dot":
      return printable(dotReport(result, style), style);
    case "tap":
      return printable(tapReport(result), { hasColour: false });
    case "junit":
      return junitReport(result);
    case "github":
      return githubReport(result, folder, style);
    case "json":
      return resultJson(result);
    default:
      return assertNever(reporter);
  }
}
