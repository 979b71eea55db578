import type { DatabaseName, MigrateResult, SecretsResult, StepResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { TOOL_VERSION } from "../core/tool-version.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { lockDeployments } from "../db/lock.ts";
import { leaveLedgerSchema } from "../db/search-path.ts";
import { setTimeouts, type Timeouts } from "../db/timeouts.ts";
import { undone, withTransaction } from "../db/transaction.ts";
import { applyDeployment, notifyPostgrest, type PreparedMigration, prepareMigrations } from "../deploy/apply.ts";
import { ensureLedger, findForeignRelations, readLedger, recordDeployment } from "../deploy/ledger.ts";
import type { LedgerState } from "../deploy/ledger-state.ts";
import { loadSqlParser } from "../deploy/parse-sql.ts";
import { type DeploymentPlan, isEmptyPlan, planDeployment } from "../deploy/plan.ts";
import { declareAhead, declareFiles } from "../deploy/repeatable.ts";
import { readCommit } from "../files/read-commit.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";
import { chosenJwtSecret, settleSecrets } from "./secrets.ts";

export interface MigrateOptions extends CommandOptions, Partial<Timeouts> {
  readonly dryRun?: boolean | undefined;
  readonly allowOutOfOrder?: boolean | undefined;
  /** Deploy to a database that holds relations which tm-db did not make. */
  readonly allowNonEmpty?: boolean | undefined;
}

/**
 * Brings the database to what the files say, as one transaction.
 * @throws TmDbError; then nothing was changed.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const project = await openProject(options);
  const files = await readProjectFiles(project.config);
  await checkMigrationSum(project.config, files.migrations);
  chosenJwtSecret(project);
  const target = await openTarget(project, "start");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await deploy(client, { project, target, files, options });
  });
}

export interface DeployInput {
  readonly project: Project;
  readonly target: Target;
  readonly files: ProjectFiles;
  readonly options: Omit<MigrateOptions, keyof CommandOptions>;
  /** More to do in the transaction of the first deployment to a database. */
  readonly onFirst?: ((client: DatabaseClient) => Promise<void>) | undefined;
}

/** Deploys over an open connection; what `migrate`, `up` and `reset` share. */
export async function deploy(client: DatabaseClient, input: DeployInput): Promise<MigrateResult> {
  const startedAt = new Date();
  const database = nameOf(input.target, client);
  const dryRun = input.options.dryRun === true;
  return await withTransaction(client, dryRun ? "read only" : "read write", async () => {
    // The lock first: a deployment may wait as long as it must for the one before it.
    if (!dryRun)
      await lockDeployments(client, (holder) => input.project.options.onEvent({ kind: "waiting-for-lock", holder }));
    await setTimeouts(client, input.options);
    await leaveLedgerSchema(client);
    const ledger = await readLedger(client);
    if (!ledger.exists) await refuseForeignDatabase(client, database, input.options);
    refuseOtherDeployer(ledger, database);
    const plan = planDeployment(input.files, ledger, { allowOutOfOrder: input.options.allowOutOfOrder === true });
    const migrations = await prepareMigrations(
      input.project.config.projectDir,
      plan.migrations,
      input.files.migrations,
    );
    // In a database that has nothing to lose, parsing the files can wait until PostgreSQL is at work on the migrations.
    if (ledger.exists || dryRun) await checkRepeatables(plan);
    else void declareAhead(plan.apply.map(({ file }) => file)).catch(() => {});
    const base = { command: "migrate", database, dryRun, deployment: null, warnings: noWayBack(migrations) } as const;
    if (dryRun) {
      return { ...base, steps: previewSteps(plan), secrets: UNTOUCHED, ms: Date.now() - startedAt.getTime() };
    }
    const given = { project: input.project, target: input.target };
    if (ledger.exists && isEmptyPlan(plan)) {
      const secrets = await settleSecrets(client, { ...given, isDeploying: false });
      const result: MigrateResult = { ...base, steps: [], secrets, ms: Date.now() - startedAt.getTime() };
      return isKept(secrets) ? undone(result) : result;
    }
    const { steps, deployment } = await applyAndRecord(client, { ...input, plan, migrations, ledger, startedAt });
    const secrets = await settleSecrets(client, { ...given, isDeploying: true });
    if (!ledger.exists) await input.onFirst?.(client);
    await notifyPostgrest(client);
    return { ...base, deployment, steps, secrets, ms: Date.now() - startedAt.getTime() };
  });
}

const UNTOUCHED: SecretsResult = { jwtSecret: "kept", authenticatorPassword: "kept" };

function isKept(secrets: SecretsResult): boolean {
  return (
    secrets.authenticatorPassword !== "set" && (secrets.jwtSecret === "kept" || secrets.jwtSecret === "not configured")
  );
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

async function applyAndRecord(
  client: DatabaseClient,
  input: DeployInput & {
    readonly plan: DeploymentPlan;
    readonly migrations: readonly PreparedMigration[];
    readonly ledger: LedgerState;
    readonly startedAt: Date;
  },
): Promise<{ readonly steps: readonly StepResult[]; readonly deployment: string }> {
  const { project, plan, migrations, files, ledger, startedAt } = input;
  if (!ledger.exists) await ensureLedger(client);
  const run = await applyDeployment(client, { plan, migrations, files, ledger, onEvent: project.options.onEvent });
  const deployment = await recordDeployment(client, {
    kind: "migrate",
    toolVersion: TOOL_VERSION,
    commit: await readCommit(project.config.projectDir),
    startedAt,
    changes: run.changes(),
    rollsBack: [],
  });
  return { steps: run.steps, deployment };
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

/**
 * Default privileges and ownership belong to the role that deployed first: what another role made would be executable by
 * everybody, and could not be replaced later.
 */
export function refuseOtherDeployer(ledger: LedgerState, database: DatabaseName): void {
  if (ledger.deployer === undefined) return;
  throw new TmDbError(
    "PERMISSION_DENIED",
    `${database.address}: this database was deployed by the role ${ledger.deployer}`,
    {
      hint: `connect as ${ledger.deployer}`,
    },
  );
}

/** The first deployment into a database that somebody else already uses is asked for, not assumed. */
async function refuseForeignDatabase(
  client: DatabaseClient,
  database: DatabaseName,
  options: Pick<MigrateOptions, "allowNonEmpty">,
): Promise<void> {
  if (options.allowNonEmpty === true) return;
  const relations = await findForeignRelations(client);
  if (relations.length === 0) return;
  const names = relations.length > 3 ? [...relations.slice(0, 3), "…"] : relations;
  throw new TmDbError(
    "DATABASE_NOT_EMPTY",
    `${database.address} holds tables or views that tm-db did not make: ${names.join(", ")}`,
    {
      hint: "name an empty database, or deploy beside them on purpose: npx tm-db migrate --allow-non-empty",
    },
  );
}
