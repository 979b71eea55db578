import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { locate } from "../core/locate.ts";
import type { MigrationFile, ProjectFiles } from "../core/project-files.ts";
import { runScript } from "../db/run-script.ts";
import type { MigrationEntry } from "./ledger.ts";
import type { LedgerState } from "./ledger-state.ts";
import { findTransactionControl, type SqlPart, splitMigration } from "./migration-sql.ts";
import type { DeploymentPlan } from "./plan.ts";
import { reconcile } from "./reconcile.ts";
import { DeploymentRun } from "./run.ts";
import { buildScripts, type ScriptSql } from "./script-migration.ts";

export interface ApplyInput {
  readonly plan: DeploymentPlan;
  /** The plan's migrations, as `prepareMigrations` made them. */
  readonly migrations: readonly PreparedMigration[];
  readonly files: ProjectFiles;
  readonly ledger: LedgerState;
  readonly onEvent: EventListener;
}

/** A migration ready to run: the ledger's entry for it, and the part of its file that is sent. */
export interface PreparedMigration {
  readonly file: MigrationFile;
  readonly entry: MigrationEntry;
  readonly up: SqlPart;
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
  return { file, entry: entryOf(file, up.sql, down?.sql ?? null), up };
}

function prepareScript(file: MigrationFile, { upSql, downSql }: ScriptSql): PreparedMigration {
  return { file, entry: entryOf(file, upSql, downSql), up: { sql: upSql, offset: 0 } };
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
  const { plan, migrations, files, ledger } = input;
  const run = new DeploymentRun(client, ledger.repeatables, input.onEvent);
  if (plan.remove.length > 0) {
    // A migration may drop what a deleted file's objects use; what the migrations themselves still hold goes after them.
    const paths = plan.remove.map(({ path }) => path);
    await run.takeBack({ paths, keepable: new Set(), onHeld: "leave" }, await run.readDependencies());
  }
  for (const migration of migrations) await applyMigration(run, migration, input);
  await reconcile(run, files.repeatables, { onMissing: "fail", afterMigrations: migrations.length > 0 });
  return run;
}

async function applyMigration(run: DeploymentRun, migration: PreparedMigration, input: ApplyInput): Promise<void> {
  const { needs, retract } = migration.file.directives;
  if (retract.length > 0) {
    await run.takeBack({ paths: retract, keepable: new Set(), onHeld: "fail" }, await run.readDependencies());
  }
  const applied = new Set(run.applied.map(({ path }) => path));
  const needed = input.files.repeatables.filter((file) => needs.includes(file.path) && !applied.has(file.path));
  await run.applyFiles(needed, "fail");
  try {
    await run.runMigration("up", migration.entry, migration.up);
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
  return new TmDbError("OBJECT_HELD", error.message, {
    detail: error.detail,
    location: error.location,
    sqlState: error.sqlState,
    hint: `put this at the head of ${error.location?.file ?? "the migration"}, and the files are applied again after it:\n${lines}`,
    cause: error.cause,
  });
}

/** dependent_objects_still_exist; feature_not_supported (a column's type that a view or policy uses). */
const HELD_STATES = new Set(["2BP01", "0A000"]);

/** Tells PostgREST to read the schema again, when the transaction commits. */
export async function notifyPostgrest(client: DatabaseClient): Promise<void> {
  await runScript(client, "notify pgrst, 'reload schema'; notify pgrst, 'reload config'");
}
