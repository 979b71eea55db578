import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { locate } from "../core/locate.ts";
import type { MigrationFile, ProjectFiles, RepeatableFile } from "../core/project-files.ts";
import { runScript } from "../db/run-script.ts";
import { closedByNow, readComing } from "./closed-file.ts";
import { areSameDefaults } from "./default-privileges.ts";
import type { LedgerState, MigrationEntry } from "./ledger-state.ts";
import { findTransactionControl, type SqlPart, splitMigration } from "./migration-sql.ts";
import type { DeploymentPlan } from "./plan.ts";
import { applyNeeded, reconcile } from "./reconcile.ts";
import { brokenNames } from "./broken-names.ts";
import { mayDefer } from "./own-settings.ts";
import { DeploymentRun, type OnMissing } from "./run.ts";
import { differing, readSaid, type SaidByMigrations, sayAgain } from "./said-by-migrations.ts";
import { alsoSaid, findInTheWay, leaveOldDefaults, leaveTouched, readStanding } from "./standing.ts";
import { buildScripts, type ScriptSql } from "./script-migration.ts";

export interface ApplyInput {
  readonly plan: DeploymentPlan;
  /** The plan's migrations, as `prepareMigrations` made them. */
  readonly migrations: readonly PreparedMigration[];
  readonly files: ProjectFiles;
  readonly ledger: LedgerState;
  /** What to do with a file that names something that is not there. */
  readonly onMissing: OnMissing;
  /** Files that stand, and whose new version comes in a later transaction. */
  readonly waiting?: readonly RepeatableFile[];
  readonly onEvent: EventListener;
}

export interface Retracting extends Pick<ApplyInput, "plan" | "migrations" | "files" | "ledger"> {
  /** What migrations that have run said of files that later ones have retracted: it is said again when they come back. */
  readonly retracted: SaidByMigrations[];
}

/** A migration ready to run: the ledger's entry for it, and the part of its file that is sent. */
export interface PreparedMigration {
  readonly file: MigrationFile;
  readonly entry: MigrationEntry;
  readonly part: SqlPart;
  /** Whether it says that it cannot run in a transaction. */
  readonly noTransaction: boolean;
}

/**
 * Reads the two ways of pending migrations, without a database. `known` are all migrations of the project, whose
 * shorthands scripts may use.
 * @throws TmDbError MIGRATION_INVALID for one that would end the deployment's transaction, or cannot be loaded.
 */
export async function prepareMigrations(
  projectDir: string,
  files: readonly MigrationFile[],
  known: readonly MigrationFile[] = files,
): Promise<PreparedMigration[]> {
  const isScript = ({ language }: MigrationFile): boolean => language === "script";
  const scripts = await buildScripts(projectDir, files.filter(isScript), known.filter(isScript));
  return files.map((file) => {
    const script = scripts.get(file.path);
    return script === undefined ? prepareSql(file) : prepareScript(file, script);
  });
}

function prepareSql(file: MigrationFile): PreparedMigration {
  const { up, down } = splitMigration(file);
  for (const part of down === undefined ? [up] : [up, down]) {
    const at = findTransactionControl(part.sql);
    if (at === undefined) continue;
    throw new TmDbError(
      "MIGRATION_INVALID",
      "a migration cannot begin or end a transaction: the whole deployment is one",
      {
        location: locate(file.path, file.text, part.offset + at),
        hint: "delete the statement",
      },
    );
  }
  return {
    file,
    entry: entryOf(file, up.sql, down?.sql ?? null),
    part: up,
    noTransaction: file.directives.noTransaction,
  };
}

function prepareScript(file: MigrationFile, script: ScriptSql): PreparedMigration {
  const { upSql, downSql } = script;
  const noTransaction = script.noTransaction || file.directives.noTransaction;
  return { file, entry: entryOf(file, upSql, downSql), part: { sql: upSql, offset: 0 }, noTransaction };
}

function entryOf(file: MigrationFile, upSql: string, downSql: string | null): MigrationEntry {
  return { name: file.name, path: file.path, checksum: file.checksum, text: file.text, upSql, downSql };
}

/**
 * Carries out a plan in the caller's transaction: pending migrations, each after the files it needs and without those
 * it retracts; then functions, views and policies, in an order that is found.
 * @throws TmDbError SQL_ERROR and its like; the caller rolls back, and nothing of it remains.
 */
export async function applyDeployment(client: DatabaseClient, input: ApplyInput): Promise<DeploymentRun> {
  const { migrations, files, ledger } = input;
  const run = new DeploymentRun(client, ledger.repeatables, input.onEvent);
  const retracting: Retracting = { ...input, retracted: [] };
  const checks = { mayDefer: mayDefer(files.migrations) };
  await stepAside(run, retracting);
  const coming = await readComing(client, input.waiting ?? []);
  for (const group of untilNextDirective(migrations)) {
    await prepareFiles(run, group, retracting);
    const needed = neededSoFar(files.migrations, group.at(-1)?.file);
    const standing = await readStanding(run, needed);
    // Of no interest before anything stands that has been made under them.
    const defaults = run.applied.length > 0 ? await run.readDefaults() : undefined;
    await runMigrations(run, group, checks);
    run.settle(
      await alsoSaid(
        run.applied.filter(({ path }) => needed.has(path)),
        group,
      ),
    );
    if (standing !== undefined) await leaveTouched(run, standing, needed);
    if (defaults !== undefined && !areSameDefaults(defaults, await run.readDefaults()))
      await leaveOldDefaults(run, needed);
  }
  await reconcile(run, files.repeatables, {
    onMissing: input.onMissing,
    afterMigrations: migrations.length > 0,
    brokenNames: migrations.flatMap(({ part }) => brokenNames(part.sql)),
    needed: neededSoFar(files.migrations, files.migrations.at(-1)),
  });
  await sayOfRetracted(run, retracting);
  for (const file of await closedByNow(client, coming)) await run.extend(file);
  return run;
}

/**
 * Takes back, before migrations run, files that are deleted or in the way; what the migrations themselves still hold goes after
 * them, since one of them may drop what a deleted file's objects use. Files that earlier migrations need come again at once, in
 * the version in which a fresh build would have them, and with what those migrations said of them.
 */
export async function stepAside(run: DeploymentRun, input: Retracting): Promise<void> {
  const { plan, migrations, files } = input;
  const needed = neededBefore(files.migrations, migrations[0]);
  const inTheWay = await findInTheWay(run.applied, { wanted: files.repeatables, migrations, needed });
  const paths = [...new Set([...plan.remove.map(({ path }) => path), ...inTheWay])];
  if (paths.length === 0) return;
  const gone = await retract(run, { paths, onHeld: "leave", needed, retracted: input.retracted });
  await run.applyFiles(
    files.repeatables.filter(({ path }) => gone.has(path)),
    "leave-out",
  );
  await sayOfRetracted(run, input);
}

/** Takes files back and keeps what migrations said of those that they need. Returns the paths of those, as far as they went. */
async function retract(
  run: DeploymentRun,
  given: {
    readonly paths: readonly string[];
    readonly onHeld: "fail" | "leave";
    readonly needed: ReadonlySet<string>;
    readonly retracted: SaidByMigrations[];
  },
): Promise<ReadonlySet<string>> {
  const { paths, onHeld, needed, retracted } = given;
  const before = run.applied.filter(({ path }) => needed.has(path));
  const said = before.length === 0 ? undefined : await readSaid(run, needed);
  await run.takeBack({ paths, keepable: new Set(), onHeld }, await run.readDependencies());
  const standing = new Set(run.applied.map(({ path }) => path));
  const files = (said?.files ?? []).filter(({ path }) => !standing.has(path));
  if (said !== undefined && files.length > 0) retracted.push({ ...said, files });
  return new Set(before.flatMap(({ path }) => (standing.has(path) ? [] : [path])));
}

/** What the migrations up to `last` need: in a database that is built from nothing it stands when they have run. */
export function neededSoFar(migrations: readonly MigrationFile[], last: MigrationFile | undefined): Set<string> {
  const soFar = migrations.slice(0, migrations.findIndex(({ path }) => path === last?.path) + 1);
  return new Set(soFar.flatMap(({ directives }) => directives.needs));
}

/** What the migrations before this one need. */
function neededBefore(migrations: readonly MigrationFile[], next: PreparedMigration | undefined): Set<string> {
  const index = migrations.findIndex(({ path }) => path === next?.file.path);
  return neededSoFar(migrations, migrations[index - 1]);
}

/** Migrations in groups that run without a break: files are applied or taken back before the first of a group only. */
function untilNextDirective(migrations: readonly PreparedMigration[]): PreparedMigration[][] {
  const groups: PreparedMigration[][] = [];
  for (const migration of migrations) {
    const { needs, retract } = migration.file.directives;
    const group = groups.at(-1);
    if (group === undefined || needs.length > 0 || retract.length > 0) groups.push([migration]);
    else group.push(migration);
  }
  return groups;
}

async function prepareFiles(run: DeploymentRun, group: readonly PreparedMigration[], input: Retracting): Promise<void> {
  const paths = group.flatMap(({ file }) => file.directives.retract);
  if (paths.length > 0) {
    const needed = neededBefore(input.files.migrations, group[0]);
    await retract(run, { paths, onHeld: "fail", needed, retracted: input.retracted });
  }
  await applyNeededBy(run, group, input.files);
  await sayOfRetracted(run, input);
}

async function sayOfRetracted(run: DeploymentRun, { retracted, ledger, files }: Retracting): Promise<void> {
  const standing = new Set(run.applied.map(({ path }) => path));
  const isBack = ({ path }: RepeatableFile): boolean => standing.has(path);
  for (const said of retracted.splice(0)) {
    const back = { ...said, files: said.files.filter(isBack) };
    await sayAgain(run, back, differing(ledger.repeatables, files.repeatables));
    const rest = said.files.filter((file) => !isBack(file));
    if (rest.length > 0) retracted.push({ ...said, files: rest });
  }
}

/** Applies what migrations need, as they are the next to run. */
export async function applyNeededBy(
  run: DeploymentRun,
  group: readonly PreparedMigration[],
  { migrations, repeatables }: ProjectFiles,
): Promise<void> {
  const needs = new Set(group.flatMap(({ file }) => file.directives.needs));
  if (needs.size === 0) return;
  const needed = neededSoFar(migrations, group.at(-1)?.file);
  await applyNeeded(
    run,
    repeatables.filter(({ path }) => needed.has(path)),
    needs,
  );
}

async function runMigrations(
  run: DeploymentRun,
  group: readonly PreparedMigration[],
  checks: Parameters<DeploymentRun["runMigrations"]>[2],
): Promise<void> {
  try {
    await run.runMigrations("up", group, checks);
  } catch (error) {
    throw await explainHeldObject(error, run);
  }
}

/** A migration that must change what a policy or view holds is told which file that is, and how to let go of it. */
async function explainHeldObject(error: unknown, run: DeploymentRun): Promise<unknown> {
  if (!(error instanceof TmDbError) || !HELD_STATES.has(error.sqlState ?? "")) return error;
  await run.client.query("rollback");
  await run.client.query("begin read only");
  const { descriptions } = await run.readDependencies();
  const words = `${error.detail ?? ""}\n${error.message}`;
  const files = run.applied.filter(({ made }) =>
    made.some(({ object, identity }) => object !== undefined && words.includes(descriptions.get(identity) ?? "\0")),
  );
  if (files.length === 0) return error;
  const lines = files.map(({ path }) => `-- tm-db: retract ${path}`).join("\n");
  return error.with({
    code: "OBJECT_HELD",
    hint: `put this at the head of ${error.location?.file ?? "the migration"}, and the files are applied again after it:\n${lines}`,
  });
}

/** dependent_objects_still_exist; feature_not_supported (a column's type that a view or policy uses). */
const HELD_STATES = new Set(["2BP01", "0A000"]);

/** Tells PostgREST to read the schema again, when the transaction commits. */
export async function notifyPostgrest(client: DatabaseClient): Promise<void> {
  await runScript(client, "notify pgrst, 'reload schema'; notify pgrst, 'reload config'");
}
