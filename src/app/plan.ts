import type { LockReport, PlanResult } from "../core/command-result.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { LockLimit } from "../core/lock-modes.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { runScript, ScriptError } from "../db/run-script.ts";
import { withScratchDatabase } from "../db/scratch-database.ts";
import { refuseStrangers } from "../db/strangers.ts";
import { readTableSizes } from "../db/table-sizes.ts";
import { undone, withTransaction } from "../db/transaction.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { readLedger } from "../deploy/ledger.ts";
import type { LedgerState } from "../deploy/ledger-state.ts";
import { reportLocks, type TableSizes } from "../deploy/lock-report.ts";
import { observeDeployment, type ObservedStep } from "../deploy/observe.ts";
import { planDeployment } from "../deploy/plan.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type Catalog, readCatalog, readCatalogWithin } from "../schema/catalog.ts";
import { copyNotNulls, type NotNull, readNotNulls } from "../schema/not-nulls.ts";
import { planCopy } from "../schema/plan-sql.ts";
import { type CommandOptions, openProject, openTarget, type Project, type Target } from "./context.ts";
import type { DeployOptions } from "./deploy-input.ts";
import { migrate } from "./migrate.ts";

export interface PlanOptions extends CommandOptions, Pick<DeployOptions, "allowOutOfOrder" | "allowNonEmpty"> {
  /** Try the deployment on an empty copy of the schema, and report its locks. */
  readonly locks?: boolean | undefined;
  /** Limits that the locks must keep to, all of them. */
  readonly maxLocks?: readonly LockLimit[] | undefined;
}

/**
 * Says what `migrate` would do, as its dry run does. With `locks` it also carries the deployment out on a scratch
 * database with the schema of the real one and none of its rows, in a transaction that is rolled back.
 * @throws TmDbError what `migrate` throws; PERMISSION_DENIED without CREATEDB, and where others made something that would be copied.
 */
export async function plan(options: PlanOptions): Promise<PlanResult> {
  const startedAt = Date.now();
  const { database, steps, warnings } = await migrate({ ...options, dryRun: true });
  const locks = options.locks === true ? await findLocks(options) : null;
  const allowed = locks === null || locks.tooLong.length === 0;
  return { command: "plan", database, steps, warnings, locks, allowed, ms: Date.now() - startedAt };
}

async function findLocks(options: PlanOptions): Promise<LockReport> {
  const { signal } = options;
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  const target = await openTarget(project, "must-run");
  const live = await readLive(target, signal);
  const steps = await withScratchDatabase(target, { signal }, async (scratch) => {
    await copySchema(scratch, live, signal);
    return await withClient(scratch, { signal }, async (client) => {
      return await observe(client, { project, files, ledger: live.ledger, options });
    });
  });
  return reportLocks(steps, live.sizes, options.maxLocks ?? []);
}

interface Live {
  readonly ledger: LedgerState;
  readonly catalog: Catalog;
  readonly notNulls: readonly NotNull[];
  readonly sizes: TableSizes;
}

async function readLive(target: Target, signal: AbortSignal | undefined): Promise<Live> {
  return await withClient(target.connection, { signal }, async (client) => {
    return await withTransaction<Live>(client, "snapshot", async () => {
      const ledger = await readLedger(client);
      await refuseStrangers(client);
      const catalog = await readCatalogWithin(client);
      return { ledger, catalog, notNulls: await readNotNulls(client), sizes: await readTableSizes(client) };
    });
  });
}

/** Makes what the other database has, without rows. Roles belong to the server, so they are there already. */
async function copySchema(scratch: ConnectionSpec, live: Live, signal: AbortSignal | undefined): Promise<void> {
  const statements = await planCopy(await readCatalog(scratch, { signal }), live.catalog);
  if (statements.length === 0) return;
  await withClient(scratch, { signal }, async (client) => {
    await withTransaction(client, "read write", async () => {
      await client.query("set local check_function_bodies = off");
      await runCopy(client, statements);
      await copyNotNulls(client, live.notNulls);
    });
  });
}

async function runCopy(client: DatabaseClient, statements: readonly string[]): Promise<void> {
  try {
    await runScript(client, statements.join("\n"));
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const statement = (statements[error.completed] ?? "").split("\n")[0] ?? "";
    throw new TmDbError("SQL_ERROR", `the schema cannot be copied to a scratch database: ${error.message}`, {
      detail: statement,
      sqlState: error.cause.code,
      hint: "the deployment itself may well work; see what it would do without --locks: npx tm-db plan",
      cause: error.cause,
    });
  }
}

async function observe(
  client: DatabaseClient,
  given: {
    readonly project: Project;
    readonly files: ProjectFiles;
    readonly ledger: LedgerState;
    readonly options: PlanOptions;
  },
): Promise<ObservedStep[]> {
  const { project, files, ledger, options } = given;
  const planned = planDeployment(files, ledger, { allowOutOfOrder: options.allowOutOfOrder === true });
  const migrations = await prepareMigrations(project.config.projectDir, planned.migrations);
  return await withTransaction<ObservedStep[]>(client, "read write", async () => {
    return undone(
      await observeDeployment(client, {
        plan: planned,
        migrations,
        files,
        ledger,
        onMissing: "fail",
        onEvent: options.onEvent,
      }),
    );
  });
}
