import type { TestResult } from "../../core/command-result.ts";
import { assertNever } from "../../core/errors.ts";
import { resultJson } from "../json.ts";
import type { Style } from "../style.ts";
import { dotReport } from "./dot.ts";
import { githubReport } from "./github.ts";
import { junitReport } from "./junit.ts";
import { specReport } from "./spec.ts";
import { tapReport } from "./tap.ts";

/** What `--reporter` may name. */
export const REPORTERS = ["spec", "dot", "tap", "junit", "github", "json"] as const;

export type Reporter = (typeof REPORTERS)[number];

/** The result of a test run as a reporter words it; `folder` is the project's in its repository, for annotations. */
export function testReport(
  result: TestResult,
  { reporter, folder, style }: { readonly reporter: Reporter; readonly folder: string; readonly style: Style },
): string {
  switch (reporter) {
    case "spec":
      return specReport(result, style);
    case "dot":
      return dotReport(result, style);
    case "tap":
      return tapReport(result);
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
