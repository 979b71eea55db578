import type { LintResult } from "../core/command-result.ts";
import type { Finding } from "../core/finding.ts";
import { caretLines, placeOf } from "./error-text.ts";
import { plural } from "./format.ts";
import type { Style } from "./style.ts";

/** Findings for a person, each with its line and a caret, and what was looked at. */
export function lintLines(result: LintResult, style: Style): string[] {
  return [...result.findings.flatMap((finding) => [...findingLines(finding, style), ""]), summary(result, style)];
}

function findingLines(finding: Finding, style: Style): string[] {
  const { rule, severity, message, help, url, location, sql } = finding;
  const word = severity === "error" ? style.red(severity) : style.yellow(severity);
  return [
    `${word} ${style.dim(rule)} ${message}`,
    `  ${style.cyan("at")} ${placeOf(location)}`,
    ...(sql === undefined ? caretLines(location, style) : [`  ${style.dim("its SQL |")} ${sql}`]),
    ...(help === null ? [] : [`  ${style.dim("help")} ${help}`]),
    ...(url === null ? [] : [`  ${style.dim(`see  ${url}`)}`]),
  ];
}

const SCOPES: Readonly<Record<LintResult["scope"], string>> = {
  pending: "pending",
  all: "all",
  named: "named",
  "no server": "all, since no server is running to say which are pending",
};

function summary({ findings, migrations, repeatables, scope, database }: LintResult, style: Style): string {
  const verdict = findings.length === 0 ? style.green("no findings") : style.red(plural(findings.length, "finding"));
  const which = database === null ? SCOPES[scope] : `${SCOPES[scope]} in ${database.address}`;
  return `${verdict} in ${plural(migrations, "migration")} ${style.dim(`(${which})`)} and ${plural(repeatables, "other file")}`;
}
