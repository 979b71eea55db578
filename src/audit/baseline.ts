import type { AuditFinding, AuditRuleText } from "../core/audit.ts";
import { type Problem, type SourceLocation, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";

/** A finding that a project lives with, and why. */
export interface Accepted {
  readonly rule: string;
  readonly object: string;
  readonly reason: string;
}

/** A baseline as its file has it. */
export interface Baseline {
  readonly file: string;
  readonly text: string;
  readonly accepted: readonly Accepted[];
}

/** No query finds it: an entry of the baseline that nothing needs any more. */
export const STALE_RULE: AuditRuleText = {
  id: "baseline-stale",
  title: "The baseline accepts what is not found any more",
  severity: "warning",
  text: [
    "## What it means\n",
    "An entry of `audit.baseline.json` names a rule and an object, and that rule finds nothing wrong with that object.\n",
    "## What happens if it is ignored\n",
    "Should the same fault come back one day, nobody would hear of it.\n",
    "## How to fix it\n",
    "Remove the entry, or let `npx tm-db audit --write-baseline <reason>` do it.\n",
    "## False positives\n",
    "One baseline for databases that differ: what only one of them has is stale for the others.\n",
  ].join("\n"),
};

/**
 * Reads a baseline: `{"findings": [{"rule", "object", "reason"}]}`.
 * @throws TmDbError CONFIG_INVALID with every problem: other keys, a missing reason, a rule that there is not.
 */
export function parseBaseline(file: string, text: string, knownRules: readonly string[]): Baseline {
  const problems: Problem[] = [];
  const add = (message: string): void => void problems.push({ message });
  const accepted: Accepted[] = [];
  for (const [index, entry] of entriesOf(text, add).entries()) {
    const place = `findings[${index}]`;
    const { rule, object, reason, ...others } = isRecord(entry) ? entry : {};
    if (Object.keys(others).length > 0) add(`${place} may have rule, object and reason, and nothing else`);
    if (!isText(rule) || !isText(object)) add(`${place} must have a rule and an object`);
    else if (!isText(reason)) add(`${place} (${rule}, ${object}) needs a reason`);
    else if (!knownRules.includes(rule)) add(`${place}: there is no rule ${rule}`);
    else accepted.push({ rule, object, reason });
  }
  if (problems.length === 0) return { file, text, accepted };
  throw new TmDbError(
    "CONFIG_INVALID",
    `${file} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}`,
    {
      problems,
      hint: `mend ${file}; docs/audit.md of the package tm-db describes it, and npx tm-db audit --list shows the rules`,
    },
  );
}

function entriesOf(text: string, add: (problem: string) => void): readonly unknown[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    add(`it is not JSON: ${(error as Error).message}`);
    return [];
  }
  const { findings, ...others } = isRecord(raw) ? raw : {};
  if (Array.isArray(findings) && Object.keys(others).length === 0) return findings as readonly unknown[];
  add("it must be an object with a list, findings, and nothing else");
  return [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

export interface Judged {
  /** What the baseline does not accept, and its entries that are stale. */
  readonly findings: readonly AuditFinding[];
  readonly accepted: readonly (AuditFinding & { readonly reason: string })[];
}

/** Parts findings by a baseline. `asked`: the rules that ran; entries of others are not judged. */
export function applyBaseline(
  found: readonly AuditFinding[],
  baseline: Baseline | undefined,
  asked: readonly string[],
): Judged {
  if (baseline === undefined) return { findings: found, accepted: [] };
  const reasons = new Map(baseline.accepted.map((entry) => [keyOf(entry), entry.reason]));
  const accepted = found.flatMap((finding) => {
    const reason = reasons.get(keyOf(finding));
    return reason === undefined ? [] : [{ ...finding, reason }];
  });
  const used = new Set(accepted.map(keyOf));
  const stale = baseline.accepted.filter((entry) => asked.includes(entry.rule) && !used.has(keyOf(entry)));
  return {
    findings: [
      ...found.filter((finding) => !reasons.has(keyOf(finding))),
      ...stale.map((entry) => staleFinding(entry, baseline)),
    ],
    accepted,
  };
}

function staleFinding(entry: Accepted, baseline: Baseline): AuditFinding {
  return {
    rule: STALE_RULE.id,
    severity: STALE_RULE.severity,
    object: entry.object,
    message: `is accepted by ${baseline.file}, and ${entry.rule} finds nothing wrong with it: the entry can go`,
    fix: null,
    location: placeOf(entry, baseline),
  };
}

/** The line of an entry; as `writeBaseline` has it, each is a line of its own. */
function placeOf({ rule, object }: Accepted, { file, text }: Baseline): SourceLocation {
  const lines = text.split("\n");
  const has = (line: string, value: string): boolean => line.includes(JSON.stringify(value));
  const whole = lines.findIndex((line) => has(line, rule) && has(line, object));
  const line = whole === -1 ? lines.findIndex((each) => has(each, object)) : whole;
  const start = lines.slice(0, Math.max(line, 0)).join("\n").length + (line > 0 ? 1 : 0);
  return locate(file, text, start + Math.max(0, lines[Math.max(line, 0)]?.search(/\S/) ?? 0));
}

/**
 * A baseline that accepts findings: with the reason that is given, or for those that were accepted before with theirs.
 * `kept`: entries of rules that did not run.
 */
export function writeBaseline(
  given: { readonly found: readonly AuditFinding[]; readonly kept: readonly Accepted[]; readonly reason: string },
  before: Baseline | undefined,
): string {
  const reasons = new Map((before?.accepted ?? []).map((entry) => [keyOf(entry), entry.reason]));
  const entries = new Map<string, Accepted>(given.kept.map((entry) => [keyOf(entry), entry]));
  for (const finding of given.found) {
    const { rule, object } = finding;
    entries.set(keyOf(finding), { rule, object, reason: reasons.get(keyOf(finding)) ?? given.reason });
  }
  const lines = [...entries]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { rule, object, reason }]) => `    ${JSON.stringify({ rule, object, reason })}`);
  return lines.length === 0 ? '{ "findings": [] }\n' : `{\n  "findings": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

function keyOf({ rule, object }: Pick<Accepted, "rule" | "object">): string {
  return JSON.stringify([rule, object]);
}
