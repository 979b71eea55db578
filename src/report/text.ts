import type {
  CommandResult,
  EnvResult,
  MigrateResult,
  RefreshResult,
  RollbackResult,
  SecretsResult,
  StatusResult,
  StepResult,
  UpResult,
  VerifyCheck,
  VerifyResult,
} from "../core/command-result.ts";
import { importLines } from "./import.ts";
import { auditLines, auditRulesLines } from "./audit.ts";
import { lintLines } from "./lint.ts";
import { sumLines } from "./sum.ts";
import { assertNever } from "../core/errors.ts";
import type { StepAction } from "../core/event.ts";
import { formatMs, where } from "./format.ts";
import { accountLines, seedLines } from "./seed-text.ts";
import { adoptLines } from "./adopt-text.ts";
import { doctorLines } from "./doctor-text.ts";
import { differenceLines, driftLines, orphanLines } from "./drift-text.ts";
import { mutateLines } from "./mutate-text.ts";
import { planLines } from "./plan-text.ts";
import { postgrestConfigLines, rotationLines, tokenDecodeLines } from "./postgrest-text.ts";
import { matrixLines } from "./matrix/text.ts";
import type { Style } from "./style.ts";
import { specReport } from "./tests/spec.ts";
import { printable } from "./visible.ts";

/** A result for a person, as it goes to stdout. */
export function resultText(result: CommandResult, style: Style): string {
  const text = wordsOf(result, style);
  // What a shell reads has to stay as it is.
  return result.command === "env" ? text : printable(text);
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

const WORDS: Readonly<Record<StepAction, readonly [done: string, planned: string]>> = {
  migrate: ["migrated", "would migrate"],
  "roll-back": ["rolled back", "would roll back"],
  apply: ["applied", "would apply"],
  replace: ["replaced", "would replace"],
  "take-back": ["took back", "would take back"],
};

function stepLines(steps: readonly StepResult[], style: Style): string[] {
  const words = steps.map(({ action, ms }) => WORDS[action][ms === null ? 1 : 0]);
  const width = Math.max(0, ...words.map((word) => word.length));
  return steps.map(({ path, ms, because }, index) => {
    const time = ms === null ? "" : style.dim(`  ${formatMs(ms)}`);
    const reason = because === undefined ? "" : style.dim(`  because of ${because}`);
    return `  ${(words[index] ?? "").padEnd(width)}  ${path}${time}${reason}`;
  });
}

function migrateLines(result: MigrateResult, style: Style): string[] {
  const { steps, dryRun, database } = result;
  const warnings = result.warnings.map((warning) => `${style.yellow("warning")} ${warning}`);
  if (steps.length === 0)
    return [`nothing to do: ${where(database, style)}`, ...secretLines(result.secrets), ...warnings];
  const summary = dryRun
    ? `${steps.length} file(s) to deploy to ${where(database, style)}; nothing was written`
    : `${style.green("deployed")} ${summarise(steps)} to ${where(database, style)} in ${formatMs(result.ms)}`;
  return [...stepLines(steps, style), summary, ...secretLines(result.secrets), ...warnings];
}

function summarise(steps: readonly StepResult[]): string {
  const count = (...actions: readonly StepAction[]): number =>
    steps.filter(({ action }) => actions.includes(action)).length;
  const parts = [
    [count("migrate"), "migration", "migrations"],
    [count("apply", "replace"), "file", "files"],
    [count("roll-back"), "migration back", "migrations back"],
  ] as const;
  const words = parts
    .filter(([number]) => number > 0)
    .map(([number, one, many]) => `${number} ${number === 1 ? one : many}`);
  return words.length === 0 ? `${steps.length} change(s)` : words.join(", ");
}

function secretLines(secrets: SecretsResult): string[] {
  const found: string[] = [];
  if (secrets.jwtSecret === "generated") found.push("a JWT secret was generated; it is kept in the database only");
  if (secrets.jwtSecret === "set from TM_DB_JWT_SECRET") found.push("the JWT secret was set from TM_DB_JWT_SECRET");
  return found;
}

function upLines(result: UpResult, style: Style): string[] {
  const { deployment, next, seeded } = result;
  const steps =
    deployment.steps.length === 0
      ? "up to date"
      : `deployed ${summarise(deployment.steps)} in ${formatMs(deployment.ms)}`;
  const server = result.server.created ? "created and started" : result.server.started ? "started" : "running";
  const token =
    next.token === null
      ? noTokenLines(next)
      : ["", `A token for ${style.bold(next.token.user)}:`, `  ${next.token.token}`];
  return [
    `${style.green("server")}    ${result.server.kind === "embedded" ? `${server}, ` : ""}${where(result.database, style)}`,
    `${style.green("database")}  ${steps}${seeded ? ", with development data" : ""}`,
    ...deployment.warnings.map((warning) => `${style.yellow("warning")}   ${warning}`),
    ...accountLines(result.accounts, style),
    "",
    "PostgREST connects to:",
    `  ${next.authenticatorUrl}   ${style.dim("(npx tm-db env prints it with its password)")}`,
    "Start any PostgREST binary on it:",
    `  ${style.bold(next.startPostgrest)}`,
    ...token,
  ];
}

function noTokenLines({ missingUser }: UpResult["next"]): string[] {
  if (missingUser === null) return [];
  return ["", `No token: this database has no user ${missingUser}. Development data come with: npx tm-db reset`];
}

function rollbackLines(result: RollbackResult, style: Style): string[] {
  const sql = result.sql.flatMap((entry) => ["", style.dim(`-- ${entry.path}`), entry.sql]);
  const leftOut = result.leftOut.map((path) => `${style.yellow("gone")} ${path}: what it needs is not there any more`);
  const summary = result.dryRun
    ? `nothing was written to ${where(result.database, style)}; functions, views and policies go with what they need`
    : `${style.green("rolled back")} on ${where(result.database, style)} in ${formatMs(result.ms)}`;
  return [...stepLines(result.steps, style), ...leftOut, ...sql, ...(sql.length > 0 ? [""] : []), summary];
}

function statusLines(result: StatusResult, style: Style): string[] {
  const others = result.files.filter(({ state }) => state !== "applied");
  const applied = result.files.length - others.length;
  const [last] = result.deployments;
  const deployment =
    last === undefined ? "never deployed to" : `last ${last.kind} ${last.startedAt} by ${last.deployedBy}`;
  const verdict = result.upToDate ? style.green("up to date") : style.yellow("not up to date: npx tm-db migrate");
  return [
    where(result.database, style),
    `  ${style.green("applied".padEnd(12))}  ${applied} ${applied === 1 ? "file" : "files"}`,
    ...others.map(({ path, state }) => `  ${style.yellow(state.padEnd(12))}  ${path}`),
    ...orphanLines(result.orphans, style),
    `${deployment}; ${verdict}`,
  ];
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

const CHECK_WORDS: Readonly<Record<VerifyCheck["check"], string>> = {
  down: "its way back leaves what was before it",
  "up again": "a second time makes what the first time made",
  "nothing to do": "a second deployment has nothing to do",
  "rows kept": "rows that were there before it are there after its way up and back",
  "no way back": "it has no way back, so nothing can be said of it",
};

function verifyLines(result: VerifyResult, style: Style): string[] {
  const checks = result.checks.flatMap(({ subject, check, differences, failure }) => {
    const mark =
      check === "no way back"
        ? style.yellow("skipped")
        : differences.length === 0 && failure === null
          ? style.green("holds")
          : style.red("fails");
    return [
      `  ${mark}  ${subject}: ${CHECK_WORDS[check]}`,
      ...[...(failure === null ? [] : [failure]), ...differenceLines(differences)].map((line) => `         ${line}`),
    ];
  });
  const verdict = result.holds ? style.green("every way back is exact") : style.red("not every way back is exact");
  return [
    ...checks,
    `${verdict} ${style.dim(`(scratch databases on ${result.server.address}, ${formatMs(result.ms)})`)}`,
  ];
}

function envLines({ variables }: EnvResult): string[] {
  const names = Object.keys(variables);
  return [
    ...Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}`),
    `export ${names.join(" ")}`,
  ];
}

/** As one word for a POSIX shell. */
function shellQuote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
