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

/** The result of a test run as a reporter words it. */
export function testReport(result: TestResult, reporter: Reporter, style: Style): string {
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
      return githubReport(result, style);
    case "json":
      return resultJson(result);
    default:
      return assertNever(reporter);
  }
}
