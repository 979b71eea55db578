import type { AuditFinding, AuditSeverity } from "../core/audit.ts";
import type { AuditResult, AuditRulesResult } from "../core/command-result.ts";
import { caretLines, labelled, placeOf } from "./error-text.ts";
import { plural } from "./format.ts";
import { githubCommands } from "./github.ts";
import type { Style } from "./style.ts";
import { visible } from "./visible.ts";

/** Findings for a person, the worst first, each with its line, a caret and the SQL that mends it; then the verdict. */
export function auditLines(result: AuditResult, style: Style): string[] {
  return [...result.findings.flatMap((finding) => [...findingLines(finding, style), ""]), ...summary(result, style)];
}

function findingLines(finding: AuditFinding, style: Style): string[] {
  const { rule, severity, object, message, fix, location } = finding;
  return [
    `${severityWord(severity, style)} ${style.dim(rule)} ${style.bold(visible(object))} ${visible(message)}`,
    ...(location === null ? [] : [`  ${style.cyan("at")} ${placeOf(location)}`, ...caretLines(location, style)]),
    ...(fix === null ? [] : labelled("fix", fix.split("\n").map(visible).join("\n"), style)),
  ];
}

function severityWord(severity: AuditSeverity, style: Style): string {
  return severity === "error"
    ? style.red(severity)
    : severity === "warning"
      ? style.yellow(severity)
      : style.cyan(severity);
}

function summary(result: AuditResult, style: Style): string[] {
  const { findings, accepted, ignored, baseline, rules, database, audited, failOn, passed } = result;
  const severities = ["error", "warning", "info"] as const;
  const counts = severities.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}${number === 1 || severity === "info" ? "" : "s"}`];
  });
  const counted = counts.length === 0 ? "no findings" : counts.join(", ");
  const verdict = passed ? style.green(counted) : style.red(counted);
  const where = audited === "files" ? `what the files build, on ${database.address}` : database.address;
  const [first] = findings;
  return [
    `${verdict} of ${plural(rules.length, "rule")} in ${where}`,
    ...(accepted.length === 0 ? [] : [`${accepted.length} more accepted by ${baseline?.path ?? "the baseline"}`]),
    ...(ignored.length === 0
      ? []
      : [`${ignored.length} more in schemas that ignore of the settings names: --json lists them`]),
    ...(baseline?.written === true ? [`wrote ${baseline.path}`] : []),
    ...(findings.length > 0 && passed ? [style.dim(`none counts: --fail-on ${failOn}`)] : []),
    ...(first === undefined ? [] : [style.dim(`more about a rule: npx tm-db audit --explain ${first.rule}`)]),
  ];
}

/** The rules, a line each; or one of them, to be read. */
export function auditRulesLines({ rules, explained }: AuditRulesResult, style: Style): string[] {
  if (explained) {
    return rules.flatMap(({ id, title, severity, text }) => [
      `${style.bold(`# ${id}`)} ${severityWord(severity, style)}`,
      "",
      title,
      "",
      text.trimEnd(),
    ]);
  }
  const width = Math.max(...rules.map(({ id }) => id.length));
  return rules.map(({ id, title, severity }) => {
    return `${severityWord(severity, style)}${" ".repeat(7 - severity.length)}  ${id.padEnd(width)}  ${title}`;
  });
}

/** Findings as annotations, which GitHub shows at their lines; those without a line, of the whole run. */
export function auditGithub({ findings }: AuditResult, folder: string): string {
  const annotations = findings.map(({ rule, severity, object, message, fix, location }) => ({
    level: severity === "info" ? ("notice" as const) : severity,
    title: rule,
    text: [`${object} ${message}`, fix].filter((line) => line !== null).join("\n"),
    location,
  }));
  return githubCommands(annotations, folder);
}
