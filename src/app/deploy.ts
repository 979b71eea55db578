import type { MigrateResult, SecretsResult, StepResult } from "../core/command-result.ts";
import { maskSql } from "../core/mask-sql.ts";
import type { ProjectFiles, RepeatableFile } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import { resetSession } from "../db/session.ts";
import { withDeployment } from "../db/lock.ts";
import { pipelined } from "../db/run-script.ts";
import { withDone } from "../db/sql-error.ts";
import { undone } from "../db/transaction.ts";
import { applyDeployment, notifyPostgrest, type PreparedMigration, prepareMigrations } from "../deploy/apply.ts";
import { ensureLedger } from "../deploy/ledger-writing.ts";
import { readLedger } from "../deploy/ledger.ts";
import type { LedgerState } from "../deploy/ledger-state.ts";
import { findOpened, notNamedIn, openedWarning, tablesLeft } from "../deploy/opened.ts";
import { settingsOf } from "../deploy/own-settings.ts";
import { loadSqlParser } from "../deploy/parse-sql.ts";
import { type DeploymentPlan, isEmptyPlan, planDeployment } from "../deploy/plan.ts";
import { declareAhead, declareFiles } from "../deploy/repeatable.ts";
import { nameOf } from "./context.ts";
import { deployAlone } from "./deploy-alone.ts";
import type { DeployInput } from "./deploy-input.ts";
import { withLockRetries } from "./lock-retries.ts";
import { record } from "./record.ts";
import { refuseForeignDatabase, refuseOtherDeployer } from "./refuse.ts";
import { absentColumn, settleSecrets } from "./secrets.ts";

/**
 * Deploys over an open connection: as one transaction, unless a migration cannot run in one. Then what stands before it
 * is one, and what comes after it is one.
 */
export async function deploy(client: DatabaseClient, input: DeployInput): Promise<MigrateResult> {
  const startedAt = new Date();
  const results: MigrateResult[] = [];
  try {
    for (let isFirst = false; ;) {
      const part = await withLockRetries(input, async (watch) => {
        return await deployPart(client, { ...input, isFirst, watch });
      });
      results.push(part.result);
      // What its migrations set has ended with it; but their settings go back to those of the login, and not of tm-db.
      if (part.hasSettings) await resetSession(client);
      if (part.alone === undefined) return joinResults(results, startedAt);
      isFirst ||= part.isFirst;
      const steps = await deployAlone(client, input, part.alone);
      results.push({ ...part.result, ...steps });
    }
  } catch (error) {
    const paths = results.flatMap(({ steps }) => steps.map(({ path }) => path));
    throw paths.length === 0
      ? error
      : withDone(error, `deployed before it, and stays: ${[...new Set(paths)].join(", ")}`);
  }
}

/** What one transaction did, and which migration has to run outside of one after it. */
interface DeployedPart {
  readonly result: MigrateResult;
  readonly isFirst: boolean;
  readonly alone: PreparedMigration | undefined;
  /** Whether it ran a migration that sets something for its session. */
  readonly hasSettings: boolean;
}

interface PartInput extends DeployInput {
  /** Whether an earlier part found a database without a ledger. */
  readonly isFirst: boolean;
  readonly watch: (pid: number) => void;
}

function joinResults(results: readonly MigrateResult[], startedAt: Date): MigrateResult {
  const [last] = results.slice(-1);
  if (last === undefined) throw new Error("a deployment has at least one part");
  return {
    ...last,
    deployment: results.findLast(({ deployment }) => deployment !== null)?.deployment ?? null,
    steps: results.flatMap(({ steps }) => steps),
    warnings: [...new Set(results.flatMap(({ warnings }) => warnings))],
    ms: Date.now() - startedAt.getTime(),
  };
}

async function deployPart(client: DatabaseClient, input: PartInput): Promise<DeployedPart> {
  const startedAt = new Date();
  const dryRun = input.options.dryRun === true;
  const { onEvent } = input.project.options;
  const transaction = { mode: dryRun ? "read only" : "read write", timeouts: input.options, onEvent } as const;
  return await withDeployment(client, transaction, async (pid) => {
    input.watch(pid);
    const pending = await readPending(client, input);
    const isFirst = input.isFirst || !pending.ledger.exists;
    const outcome: PartOutcome = dryRun
      ? { steps: previewSteps(pending.plan), secrets: UNTOUCHED, alone: undefined, warnings: await wouldOpen(pending) }
      : await runPart(client, { ...input, ...pending, isFirst, startedAt });
    const { steps, secrets, alone, deployment = null } = outcome;
    const part: DeployedPart = {
      result: {
        command: "migrate",
        database: nameOf(input.target, client),
        dryRun,
        deployment,
        warnings: [
          ...doingNothing(pending.migrations),
          ...noWayBack(pending.migrations),
          ...(outcome.warnings ?? []),
          ...(alone === undefined ? absentColumn(input.project, secrets) : []),
        ],
        steps,
        secrets,
        ms: Date.now() - startedAt.getTime(),
      },
      isFirst,
      alone,
      hasSettings: !dryRun && pending.migrations.some(({ part: { sql } }) => settingsOf(sql).length > 0),
    };
    return outcome.isUntouched === true ? undone(part) : part;
  });
}

/** What a part did, and whether the database is as it was. */
interface PartOutcome extends Pick<MigrateResult, "steps" | "secrets"> {
  readonly alone: PreparedMigration | undefined;
  readonly deployment?: string;
  readonly isUntouched?: boolean;
  /** Of tables that no file protects any more, and of privileges that were not given or taken. */
  readonly warnings?: readonly string[];
}

/** What the files ask of the database. */
interface Pending {
  readonly files: ProjectFiles;
  readonly ledger: LedgerState;
  readonly plan: DeploymentPlan;
  readonly migrations: readonly PreparedMigration[];
}

/** Everything that can be found out before the first statement runs. @throws TmDbError for whatever stands against it. */
async function readPending(
  client: DatabaseClient,
  { project, target, options, ...input }: PartInput,
): Promise<Pending> {
  const database = nameOf(target, client);
  const ledger = await readLedger(client);
  if (!ledger.exists) {
    const allowNonEmpty = options.allowNonEmpty === true;
    await refuseForeignDatabase(client, database, { allowNonEmpty, ignore: project.config.ignore });
  }
  refuseOtherDeployer(ledger, database);
  const files = await input.files;
  const plan = planDeployment(files, ledger, { allowOutOfOrder: options.allowOutOfOrder === true });
  const migrations = await prepareMigrations(project.config.projectDir, plan.migrations, files.migrations);
  // In a database that has nothing to lose, parsing the files can wait until PostgreSQL is at work on the migrations.
  if (ledger.exists || options.dryRun === true) await checkRepeatables(plan);
  else void declareAhead(plan.apply.map(({ file }) => file)).catch(() => {});
  return { files, ledger, plan, migrations };
}

async function runPart(
  client: DatabaseClient,
  input: Omit<PartInput, "files"> & Pending & { readonly startedAt: Date },
): Promise<PartOutcome> {
  const { project, target, ledger, isFirst, startedAt } = input;
  const { plan, migrations, files, alone, waiting } = firstPart(input);
  const seed = isFirst && alone === undefined ? input.onFirst : undefined;
  if (isEmptyPlan(plan) && (ledger.exists || alone !== undefined)) {
    if (!ledger.exists) await ensureLedger(client);
    const secrets = await settleSecrets(client, { project, target, isDeploying: false });
    await seed?.(client);
    return { steps: [], secrets, alone, isUntouched: isKept(secrets) && ledger.exists && seed === undefined };
  }
  const run = await pipelined(client, async () => {
    // Sent at once; what follows is sent behind it.
    const made = ledger.exists ? undefined : ensureLedger(client);
    const applied = applyDeployment(client, {
      plan,
      migrations,
      files,
      ledger,
      onMissing: alone === undefined ? "fail" : "leave-out",
      waiting,
      onEvent: project.options.onEvent,
    });
    await Promise.allSettled([made, applied]);
    // Without a ledger, everything behind it has failed for that reason.
    await made;
    return await applied;
  });
  const opened = await findOpened(client, await tablesLeft(ledger.repeatables, run.applied));
  const deployment = await record(client, { kind: "migrate", project, startedAt, changes: run.changes() });
  const secrets = await settleSecrets(client, { project, target, isDeploying: true });
  await seed?.(client);
  await notifyPostgrest(client);
  const warnings = [...opened.map((each) => openedWarning(each, "has")), ...run.warnings];
  return { steps: run.steps, secrets, alone, deployment, warnings };
}

/** What of a deployment is one transaction: all of it, or what stands before a migration that must not be in one. */
interface Part {
  readonly plan: DeploymentPlan;
  readonly migrations: readonly PreparedMigration[];
  /** What shall stand after it. */
  readonly files: ProjectFiles;
}

/**
 * Cuts a deployment before the first migration that runs alone. What is new among the files comes with the migrations
 * before it, as far as what it names is there: a new table gets its protection in the transaction that makes it. What is
 * changed or deleted waits for the end, unless one of these migrations needs it; but where it is to protect a new table,
 * that table is closed until then.
 */
function firstPart(whole: Part & { readonly ledger: LedgerState }): Part & {
  readonly alone: PreparedMigration | undefined;
  /** Changed files, of which the new version is not among those of this part. */
  readonly waiting: readonly RepeatableFile[];
} {
  const index = whole.migrations.findIndex(({ noTransaction }) => noTransaction);
  if (index < 0) return { ...whole, alone: undefined, waiting: [] };
  const migrations = whole.migrations.slice(0, index);
  const apply = index === 0 ? [] : whole.plan.apply.filter(({ reason }) => reason === "new");
  const needed = new Set(migrations.flatMap(({ file }) => file.directives.needs));
  const changed = whole.plan.apply.flatMap(({ file, reason }) => (reason === "changed" ? [file] : []));
  const wanted = new Map(whole.files.repeatables.map((file) => [file.path, file]));
  const standing = whole.ledger.repeatables.map((file) =>
    needed.has(file.path) ? (wanted.get(file.path) ?? file) : file,
  );
  return {
    migrations,
    plan: { migrations: migrations.map(({ file }) => file), apply, remove: [] },
    files: { ...whole.files, repeatables: [...standing, ...apply.map(({ file }) => file)] },
    alone: whole.migrations[index],
    waiting: index === 0 ? [] : changed.filter(({ path }) => !needed.has(path)),
  };
}

const UNTOUCHED: SecretsResult = { jwtSecret: "kept", authenticatorPassword: "kept" };

function isKept(secrets: SecretsResult): boolean {
  const { jwtSecret, authenticatorPassword } = secrets;
  return authenticatorPassword !== "set" && ["kept", "not configured", "no such column"].includes(jwtSecret);
}

/**
 * Most often one that `tm-db new` has just written: once applied, it is not to be filled in any more. A script may be there
 * for its `shorthands` alone.
 */
function doingNothing(migrations: readonly PreparedMigration[]): string[] {
  const written = migrations.filter(({ file }) => file.path.endsWith(".sql"));
  const empty = written.filter(({ entry }) => maskSql(entry.upSql, { comments: true }).trim() === "");
  return empty.map(({ file }) => `${file.path} has no statement in its up part: it changes nothing`);
}

function noWayBack(migrations: readonly PreparedMigration[]): string[] {
  const stuck = migrations.filter(({ entry }) => entry.downSql === null);
  return stuck.map(({ file }) => `${file.path} has no down part: it cannot be rolled back`);
}

/** Whatever is wrong with the files is said before the first statement runs, and in a dry run too. */
async function checkRepeatables(plan: DeploymentPlan): Promise<void> {
  if (plan.apply.length === 0) return;
  await loadSqlParser();
  declareFiles(plan.apply.map(({ file }) => file));
}

/** What a plan leaves open. A table that its migrations speak of may be dropped by them, or protected. */
async function wouldOpen({ ledger, files, migrations }: Pending): Promise<string[]> {
  const left = await tablesLeft(ledger.repeatables, files.repeatables);
  const sqls = migrations.map(({ entry }) => entry.upSql);
  return notNamedIn(left, sqls).map((each) => openedWarning(each, "would have"));
}

function previewSteps(plan: DeploymentPlan): StepResult[] {
  return [
    ...plan.remove.map(({ path }): StepResult => ({ action: "take-back", path, ms: null })),
    ...plan.migrations.map(({ path }): StepResult => ({ action: "migrate", path, ms: null })),
    ...plan.apply.map(({ file, reason }): StepResult => ({
      action: reason === "new" ? "apply" : "replace",
      path: file.path,
      ms: null,
    })),
  ];
}
