import type { Problem, SourceLocation } from "./errors.ts";

export interface TestCounts {
  readonly files: number;
  readonly failedFiles: number;
  /** Of all files; those of subtests are not counted, as in TAP. */
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
}

/** One file of tests. */
export interface TestFileResult {
  readonly path: string;
  readonly passed: boolean;
  readonly tests: readonly TestCase[];
  /** How many tests the file planned; null where it said nothing. */
  readonly planned: number | null;
  /** Why the file skipped all of its tests. */
  readonly skippedAll: string | null;
  /** What is wrong with the file as a whole: an SQL error, a wrong plan, no test, no `finish()`, too slow. */
  readonly problems: readonly TestFileProblem[];
  /** What it printed, as TAP. */
  readonly tap: readonly string[];
  readonly ms: number;
}

export interface TestFileProblem extends Problem {
  readonly kind:
    "sql-error" | "refused" | "plan" | "no-test" | "no-finish" | "timeout" | "connection" | "bail-out" | "tap";
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly sqlState?: string | undefined;
}

/** One line of TAP, with what was said about it. */
export interface TestCase {
  readonly number: number;
  readonly name: string;
  readonly ok: boolean;
  /** The reason after `# TODO` or `# SKIP`, perhaps empty; null without one. */
  readonly todo: string | null;
  readonly skip: string | null;
  /** The statement that said it; null for subtests. */
  readonly location: SourceLocation | null;
  /** The comments after it: what it had and what it wanted. */
  readonly diagnostics: readonly string[];
  readonly subtests: readonly TestCase[];
}

/** What the assertions of a run reached. */
export interface TouchedSummary {
  readonly policies: number;
  readonly roles: readonly string[];
  readonly commands: readonly string[];
  /** Policies that no assertion reached. */
  readonly untouched: readonly PolicyName[];
}

export interface PolicyName {
  /** `schema.table`. */
  readonly table: string;
  readonly policy: string;
  readonly command: "select" | "insert" | "update" | "delete" | "all";
}

/** Whether a test counts as failed: a failing TODO does not. */
export function hasFailed(test: TestCase): boolean {
  return !test.ok && test.todo === null && test.skip === null;
}
