import type {
  MigrateResult,
  RollbackResult,
  SecretsResult,
  StatusResult,
  StepResult,
  UpResult,
} from "../core/command-result.ts";
import type { StepAction } from "../core/event.ts";
import { orphanLines } from "./drift-text.ts";
import { formatMs, plural, where } from "./format.ts";
import { accountLines } from "./seed-text.ts";
import type { Style } from "./style.ts";

const WORDS: Readonly<Record<StepAction, readonly [done: string, planned: string]>> = {
  migrate: ["migrated", "would migrate"],
  "roll-back": ["rolled back", "would roll back"],
  apply: ["applied", "would apply"],
  replace: ["replaced", "would replace"],
  "take-back": ["took back", "would take back"],
};

/** A line a step, with what was done, or would be. */
export function stepLines(steps: readonly StepResult[], style: Style): string[] {
  const words = steps.map(({ action, ms }) => WORDS[action][ms === null ? 1 : 0]);
  const width = Math.max(0, ...words.map((word) => word.length));
  return steps.map(({ path, ms, because }, index) => {
    const time = ms === null ? "" : style.dim(`  ${formatMs(ms)}`);
    const reason = because === undefined ? "" : style.dim(`  because of ${because}`);
    return `  ${(words[index] ?? "").padEnd(width)}  ${path}${time}${reason}`;
  });
}

/** What was deployed, or would be. */
export function migrateLines(result: MigrateResult, style: Style): string[] {
  const { steps, dryRun, database } = result;
  const warnings = result.warnings.map((warning) => `${style.yellow("warning")} ${warning}`);
  if (steps.length === 0)
    return [`nothing to do: ${where(database, style)}`, ...secretLines(result.secrets), ...warnings];
  const summary = dryRun
    ? `${plural(steps.length, "file")} to deploy to ${where(database, style)}; nothing was written`
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
  return words.length === 0 ? plural(steps.length, "change") : words.join(", ");
}

function secretLines(secrets: SecretsResult): string[] {
  const found: string[] = [];
  if (secrets.jwtSecret === "generated") found.push("a JWT secret was generated; it is kept in the database only");
  if (secrets.jwtSecret === "set from TM_DB_JWT_SECRET") found.push("the JWT secret was set from TM_DB_JWT_SECRET");
  return found;
}

/** What runs now, and how to go on. */
export function upLines(result: UpResult, style: Style): string[] {
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
    ...[...new Set([...deployment.warnings, ...next.problems])].map(
      (warning) => `${style.yellow("warning")}   ${warning}`,
    ),
    ...accountLines(result.accounts, style),
    ...postgrestLines(result, style),
    ...token,
  ];
}

function postgrestLines({ next, server }: UpResult, style: Style): string[] {
  if (next.authenticatorUrl === null) {
    return ["", "PostgREST cannot log in: the role that roles.authenticator names is not there."];
  }
  // Of another server the password may not be known.
  const env = server.kind === "embedded" ? `   ${style.dim("(npx tm-db env prints it with its password)")}` : "";
  return [
    "",
    "PostgREST connects to:",
    `  ${next.authenticatorUrl}${env}`,
    "Start any PostgREST binary on it:",
    `  ${style.bold(next.startPostgrest)}`,
  ];
}

function noTokenLines({ missingUser, hasDevelopmentData }: UpResult["next"]): string[] {
  if (missingUser === null) return [];
  const way = hasDevelopmentData
    ? "Development data come with: npx tm-db reset"
    : "token.devUser of the settings names them, and token.query says where to look.";
  return ["", `No token: this database has no user ${missingUser}. ${way}`];
}

/** What was taken back, or would be, with its SQL. */
export function rollbackLines(result: RollbackResult, style: Style): string[] {
  const sql = result.sql.flatMap((entry) => ["", style.dim(`-- ${entry.path}`), entry.sql]);
  const closed = new Set(result.closed);
  const leftOut = result.leftOut.map((path) =>
    closed.has(path)
      ? `${style.yellow("closed")} ${path}: what it needs is not there any more; its tables show nobody else a row until it is applied again`
      : `${style.yellow("gone")} ${path}: what it needs is not there any more`,
  );
  const summary = result.dryRun
    ? `nothing was written to ${where(result.database, style)}; functions, views and policies go with what they need`
    : `${style.green("rolled back")} on ${where(result.database, style)} in ${formatMs(result.ms)}`;
  return [...stepLines(result.steps, style), ...leftOut, ...sql, ...(sql.length > 0 ? [""] : []), summary];
}

/** States of a migration in which nothing is deployed. */
const REFUSED: ReadonlySet<StatusResult["files"][number]["state"]> = new Set([
  "edited",
  "missing",
  "out-of-order",
  "unfinished",
]);

/** Which files are not as they were deployed, and what no file made. */
export function statusLines(result: StatusResult, style: Style): string[] {
  const others = result.files.filter(({ state }) => state !== "applied");
  const applied = result.files.length - others.length;
  const [last] = result.deployments;
  const deployment =
    last === undefined ? "never deployed to" : `last ${last.kind} ${last.startedAt} by ${last.deployedBy}`;
  const isRefused = others.some(({ state }) => REFUSED.has(state));
  const verdict = result.upToDate
    ? style.green("up to date")
    : style.yellow(
        isRefused
          ? "not up to date, and migrate will refuse; what to do says: npx tm-db migrate --dry-run"
          : "not up to date: npx tm-db migrate",
      );
  return [
    where(result.database, style),
    `  ${style.green("applied".padEnd(12))}  ${plural(applied, "file")}`,
    ...others.map(({ path, state }) => `  ${style.yellow(state.padEnd(12))}  ${path}`),
    ...orphanLines(result.orphans, result.ignoredOrphans, style),
    `${deployment}; ${verdict}`,
  ];
}
