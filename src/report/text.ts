import type { CommandResult, EnvResult, RefreshResult } from "../core/command-result.ts";
import { assertNever } from "../core/errors.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import { adoptLines } from "./adopt-text.ts";
import { auditLines, auditRulesLines } from "./audit.ts";
import { migrateLines, rollbackLines, statusLines, stepLines, upLines } from "./deploy-text.ts";
import { doctorLines } from "./doctor-text.ts";
import { driftLines } from "./drift-text.ts";
import { formatMs, where } from "./format.ts";
import { importLines } from "./import.ts";
import { lintLines } from "./lint.ts";
import { matrixLines } from "./matrix/text.ts";
import { mutateLines } from "./mutate-text.ts";
import { planLines } from "./plan-text.ts";
import { postgrestConfigLines, rotationLines, tokenDecodeLines } from "./postgrest-text.ts";
import { seedLines } from "./seed-text.ts";
import type { Style } from "./style.ts";
import { sumLines } from "./sum.ts";
import { specReport } from "./tests/spec.ts";
import { verifyLines } from "./verify-text.ts";
import { printable } from "./visible.ts";

/** A result for a person, as it goes to stdout. */
export function resultText(result: CommandResult, style: Style): string {
  const text = wordsOf(result, style);
  // What a shell reads has to stay as it is.
  return result.command === "env" ? text : printable(text, style);
}

function wordsOf(result: CommandResult, style: Style): string {
  switch (result.command) {
    case "migrate":
      return lines(migrateLines(result, style));
    case "up":
      return lines(upLines(result, style));
    case "stop":
      return lines([result.wasRunning ? "stopped; the data stays in place" : "the embedded server was not running"]);
    case "rollback":
      return lines(rollbackLines(result, style));
    case "status":
      return lines(statusLines(result, style));
    case "new":
      return lines([result.path]);
    case "reset":
      return lines(upLines(result.up, style));
    case "verify":
      return lines(verifyLines(result, style));
    case "resolve":
      return lines([`${result.path} counts as ${result.as.replace("-", " ")} in ${where(result.database, style)}`]);
    case "refresh":
      return lines(refreshLines(result, style));
    case "plan":
      return lines(
        planLines(result, { steps: stepLines(result.steps, style), where: where(result.database, style) }, style),
      );
    case "adopt":
      return lines(adoptLines(result, style));
    case "drift":
      return lines(driftLines(result, style));
    case "sum":
      return lines(sumLines(result));
    case "import":
      return lines(importLines(result, style));
    case "lint":
      return lines(lintLines(result, style));
    case "audit":
      return lines(auditLines(result, style));
    case "audit-rules":
      return lines(auditRulesLines(result, style));
    case "seed":
      return lines(seedLines(result, style));
    case "postgrest config":
      return lines(postgrestConfigLines(result, style));
    case "token":
      return lines([result.token]);
    case "token decode":
      return lines(tokenDecodeLines(result, style));
    case "secret prepare":
    case "secret rotate":
    case "secret revoke":
    case "secret status":
      return lines(rotationLines(result, style));
    case "listen":
      // Each message has been printed already.
      return "";
    case "env":
      return lines(envLines(result));
    case "doctor":
      return lines(doctorLines(result, style));
    case "mutate":
      return lines(mutateLines(result, style));
    case "matrix":
      return lines(matrixLines(result, style));
    case "test":
      return specReport(result, style);
    default:
      return assertNever(result);
  }
}

function lines(parts: readonly string[]): string {
  return `${parts.join("\n")}\n`;
}

function refreshLines({ views, functions, database }: RefreshResult, style: Style): string[] {
  return [
    ...views.map(({ name, concurrently, ms }) => {
      const how = concurrently ? "" : style.yellow(" readers had to wait: it has no unique index");
      return `  refreshed  ${name}  ${style.dim(formatMs(ms))}${how}`;
    }),
    ...functions.map(
      ({ name, answer, ms }) => `  recounted  ${name}: ${answer ?? "no answer"}  ${style.dim(formatMs(ms))}`,
    ),
    `${views.length + functions.length === 0 ? "nothing to refresh" : "done"}: ${where(database, style)}`,
  ];
}

function envLines({ variables }: EnvResult): string[] {
  const names = Object.keys(variables);
  return [
    ...Object.entries(variables).map(([name, value]) => `${name}=${quoteForShell(value)}`),
    `export ${names.join(" ")}`,
  ];
}
