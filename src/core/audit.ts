import type { SourceLocation } from "./errors.ts";
import type { Subject } from "./subject.ts";

/** How bad, worst first: `error` a hole, or what fails · `warning` a trap, or what gets slow · `info` advice. */
export const AUDIT_SEVERITIES = ["error", "warning", "info"] as const;

export type AuditSeverity = (typeof AUDIT_SEVERITIES)[number];

/** The least severity that makes the answer no. */
export type FailOn = AuditSeverity | "never";

/** What breaks a rule, as a rule's query finds it. */
export interface RuleBreak {
  readonly rule: string;
  /** In words, as names in SQL are written: `policy select_own on api.notes`. Baselines name it so. */
  readonly object: string;
  readonly subject: Subject;
  /** What is wrong, as a sentence that begins with the object: `has no row level security`. */
  readonly message: string;
  /** SQL that mends it; null where it takes a decision. */
  readonly fix: string | null;
}

export interface AuditFinding extends Omit<RuleBreak, "subject"> {
  readonly severity: AuditSeverity;
  /** Where the files declare the object, or what it belongs to; null where none does. */
  readonly location: SourceLocation | null;
}

/** What a person reads of a rule. */
export interface AuditRuleText {
  /** Its name: what `--rule` and a baseline say. */
  readonly id: string;
  readonly title: string;
  readonly severity: AuditSeverity;
  /** Markdown: what it means, what happens if it is ignored, how to fix it, false positives. */
  readonly text: string;
}

/** Whether no finding is as bad as `failOn`. */
export function passesAudit(findings: readonly Pick<AuditFinding, "severity">[], failOn: FailOn): boolean {
  if (failOn === "never") return true;
  const limit = AUDIT_SEVERITIES.indexOf(failOn);
  return findings.every(({ severity }) => AUDIT_SEVERITIES.indexOf(severity) > limit);
}
