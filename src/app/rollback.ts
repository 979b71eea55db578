import type { RollbackResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { withDeployment } from "../db/lock.ts";
import { withTransaction } from "../db/transaction.ts";
import type { Timeouts } from "../db/timeouts.ts";
import { notifyPostgrest, prepareMigrations } from "../deploy/apply.ts";
import { readChangesSince, readDeploymentsLeft, readLedger, readMigrationEntries } from "../deploy/ledger.ts";
import type { LedgerState, MigrationEntry } from "../deploy/ledger-state.ts";
import type { DeploymentRun } from "../deploy/run.ts";
import { refuseUnfinished } from "../deploy/unfinished.ts";
import {
  applyRollback,
  nothingToRollBack,
  planDeploymentRollback,
  planMigrationRollback,
  type RollbackPlan,
  type RollbackTarget,
} from "../deploy/rollback.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { record } from "./record.ts";
import { refuseOtherDeployer } from "./refuse.ts";
import { withLockRetries } from "./lock-retries.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";

export interface RollbackOptions extends CommandOptions, Partial<Timeouts> {
  readonly to: RollbackTarget;
  readonly dryRun?: boolean | undefined;
  /** How often to begin again when a lock was not free in time. */
  readonly lockRetries?: number | undefined;
  /** Whether somebody is there to ask: then also before what takes everything back without being called `all`. */
  readonly asks?: boolean | undefined;
  /** Asked before everything is taken back, with the database's address. */
  readonly confirm: (question: string) => Promise<boolean>;
}

/**
 * Takes the last deployment back, or migrations by number or name, as one transaction.
 * @throws TmDbError; then nothing was changed.
 */
export async function rollback(options: RollbackOptions): Promise<RollbackResult> {
  const project = openProject(options);
  const target = await openTarget(project, "must-run");
  return await withClient(
    target.connection,
    { signal: options.signal, leaves: options.endsProcess },
    async (client) => {
      if (await isToBeAsked(client, project, options)) {
        const { address, source } = nameOf(target, client);
        const question = `This takes back every migration of ${address} (${source}), with the data in its tables.`;
        if (!(await options.confirm(question))) throw new TmDbError("NOT_CONFIRMED", "nothing was rolled back");
      }
      return await takeBack(client, { project, target, options }).catch((error: unknown) => {
        throw withWayOn(error);
      });
    },
  );
}

/**
 * Whether everything is taken back. The last deployment may be the only one, and `--steps 9` more than there are; what cannot be
 * planned is told later.
 */
async function isToBeAsked(
  client: DatabaseClient,
  project: Project,
  { to, dryRun, asks }: RollbackOptions,
): Promise<boolean> {
  if (dryRun === true) return false;
  if (to.kind === "all" || asks !== true) return to.kind === "all";
  return await withTransaction(client, "snapshot", async () => {
    const ledger = await readLedger(client);
    if (!ledger.exists || ledger.migrations.length === 0) return false;
    try {
      const { plan } = await makePlan(client, { project, ledger, to });
      return plan.migrations.length === ledger.migrations.length;
    } catch (error) {
      if (error instanceof TmDbError) return false;
      throw error;
    }
  });
}

/** What runs is the way back that the ledger keeps: to mend the file, as is said elsewhere, would change nothing. */
function withWayOn(error: unknown): unknown {
  if (!(error instanceof TmDbError) || error.code !== "SQL_ERROR") return error;
  return error.with({
    hint: [
      "nothing was changed; this way back is the one that was deployed, and a mended file does not change it",
      "undo it in a new migration: npx tm-db new <name>",
    ].join("\n"),
  });
}

export interface TakeBackInput {
  readonly project: Project;
  readonly target: Pick<Target, "connection">;
  readonly options: Pick<RollbackOptions, "to" | "dryRun" | "lockTimeoutMs" | "statementTimeoutMs" | "lockRetries">;
}

/** Rolls back over an open connection, without asking; what `rollback` and `verify` share. */
export async function takeBack(client: DatabaseClient, input: TakeBackInput): Promise<RollbackResult> {
  return await withLockRetries(input, async (watch) => await takeBackOnce(client, { ...input, watch }));
}

async function takeBackOnce(
  client: DatabaseClient,
  { project, target, options, watch }: TakeBackInput & { readonly watch: (pid: number) => void },
): Promise<RollbackResult> {
  const startedAt = new Date();
  const dryRun = options.dryRun === true;
  const { onEvent } = project.options;
  const transaction = { mode: dryRun ? "read only" : "read write", timeouts: options, onEvent } as const;
  return await withDeployment(client, transaction, async (pid) => {
    watch(pid);
    const ledger = await readLedger(client);
    if (!ledger.exists) throw nothingToRollBack();
    refuseUnfinished(ledger.unfinished);
    refuseOtherDeployer(ledger, nameOf(target, client));
    const { plan, rollsBack, entries } = await makePlan(client, { project, ledger, to: options.to });
    const base = { command: "rollback", database: nameOf(target, client), dryRun } as const;
    if (dryRun) return { ...base, ...preview(plan), ms: Date.now() - startedAt.getTime() };
    const { run, leftOut } = await applyRollback(client, plan, { ledger, standing: [...entries.values()], onEvent });
    await record(client, { kind: "rollback", project, startedAt, changes: run.changes(), rollsBack });
    await notifyPostgrest(client);
    const left = { leftOut: leftOut.paths, closed: leftOut.closed };
    return { ...base, steps: realSteps(run), ...left, sql: [], ms: Date.now() - startedAt.getTime() };
  });
}

async function makePlan(
  client: DatabaseClient,
  given: { readonly project: Project; readonly ledger: LedgerState; readonly to: RollbackTarget },
): Promise<{
  readonly plan: RollbackPlan;
  readonly rollsBack: readonly string[];
  readonly entries: ReadonlyMap<string, MigrationEntry>;
}> {
  const entries = await knownEntries(client, given.project, given.ledger);
  if (given.to.kind !== "last-deployment") {
    return { plan: planMigrationRollback(given.to, given.ledger, entries), rollsBack: [], entries };
  }
  const rollsBack: string[] = [];
  for (const { id } of await readDeploymentsLeft(client)) {
    rollsBack.push(id);
    const plan = planDeploymentRollback(await readChangesSince(client, id), given.ledger, entries);
    // Nothing is left of one whose migrations went back by number or name.
    if (plan !== undefined) return { plan, rollsBack, entries };
  }
  throw nothingToRollBack();
}

/** The ledger's migrations, and from the files those that node-pg-migrate's own command line applied. */
export async function knownEntries(
  client: DatabaseClient,
  project: Project,
  ledger: LedgerState,
): Promise<ReadonlyMap<string, MigrationEntry>> {
  const entries = await readMigrationEntries(client);
  const unknown = new Set(ledger.migrations.filter(({ name }) => !entries.has(name)).map(({ name }) => name));
  if (unknown.size === 0) return entries;
  const files = readProjectFiles(project.config);
  const fromFiles = await prepareMigrations(
    project.config.projectDir,
    files.migrations.filter(({ name }) => unknown.has(name)),
  );
  return new Map([...entries, ...fromFiles.map(({ file, entry }) => [file.name, entry] as const)]);
}

/** Files that only stepped aside, and stand again as they were, are not worth telling. */
function realSteps(run: DeploymentRun): RollbackResult["steps"] {
  const same = new Set(
    run
      .changes()
      .filter(({ before, after }) => before?.checksum === after?.checksum)
      .map(({ path }) => path),
  );
  return run.steps.filter(({ action, path }) => action !== "replace" || !same.has(path));
}

function preview(plan: RollbackPlan): Pick<RollbackResult, "steps" | "leftOut" | "closed" | "sql"> {
  const actions = { goes: "take-back", "comes back": "apply", "older version": "replace" } as const;
  return {
    steps: [
      ...plan.migrations.map(({ path }) => ({ action: "roll-back", path, ms: null }) as const),
      ...plan.changes.map(({ path, change }) => ({ action: actions[change], path, ms: null }) as const),
    ],
    leftOut: [],
    closed: [],
    sql: plan.migrations.map(({ path, downSql }) => ({ path, sql: (downSql ?? "").trim() })),
  };
}
