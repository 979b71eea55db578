import { type Problem, TmDbError } from "../core/errors.ts";
import type { MigrationFile, ProjectFiles, RepeatableFile } from "../core/project-files.ts";
import type { AppliedMigration, AppliedRepeatable, LedgerState } from "./ledger-state.ts";
import { refuseUnfinished } from "./unfinished.ts";

/** What a deployment will do, as a value: `--dry-run` prints it, `applyDeployment` runs it. */
export interface DeploymentPlan {
  readonly migrations: readonly MigrationFile[];
  /** Files that are new, changed, or asked back by a `needs` line. */
  readonly apply: readonly PlannedFile[];
  /** Files that are gone from the project: what they made goes. */
  readonly remove: readonly AppliedRepeatable[];
}

export interface PlannedFile {
  readonly file: RepeatableFile;
  readonly reason: "new" | "changed";
}

/** How files and ledger compare, file by file. */
export interface FileStatus {
  readonly path: string;
  readonly kind: "migration" | "repeatable";
  readonly state: "applied" | "pending" | "unfinished" | "changed" | "edited" | "missing" | "removed" | "out-of-order";
}

export interface PlanOptions {
  readonly allowOutOfOrder: boolean;
}

/** Compares files with the ledger; reads nothing and writes nothing. */
export function compareFiles(files: ProjectFiles, ledger: LedgerState): FileStatus[] {
  const applied = new Map(ledger.migrations.map((migration) => [migration.name, migration]));
  const lastApplied = files.migrations.findLastIndex((migration) => applied.has(migration.name));
  const migrations = files.migrations.map((migration, index): FileStatus => {
    const record = applied.get(migration.name);
    if (record !== undefined)
      return { path: migration.path, kind: "migration", state: appliedState(migration, record) };
    const isUnfinished = ledger.unfinished?.entry.name === migration.name;
    const state = isUnfinished ? "unfinished" : index < lastApplied ? "out-of-order" : "pending";
    return { path: migration.path, kind: "migration", state };
  });
  const present = new Set(files.migrations.map((migration) => migration.name));
  const missing = ledger.migrations
    .filter((migration) => !present.has(migration.name))
    .map((migration): FileStatus => ({ path: migration.path, kind: "migration", state: "missing" }));
  return [...migrations, ...missing, ...compareRepeatables(files.repeatables, ledger.repeatables)];
}

function appliedState(file: MigrationFile, record: AppliedMigration): FileStatus["state"] {
  return record.checksum === null || record.checksum === file.checksum ? "applied" : "edited";
}

function compareRepeatables(files: readonly RepeatableFile[], applied: readonly AppliedRepeatable[]): FileStatus[] {
  const byPath = new Map(applied.map((file) => [file.path, file]));
  const present = new Set(files.map((file) => file.path));
  const statuses = files.map((file): FileStatus => {
    const record = byPath.get(file.path);
    const state = record === undefined ? "pending" : record.checksum === file.checksum ? "applied" : "changed";
    return { path: file.path, kind: "repeatable", state };
  });
  const removed = applied
    .filter((file) => !present.has(file.path))
    .map((file): FileStatus => ({ path: file.path, kind: "repeatable", state: "removed" }));
  return [...statuses, ...removed];
}

/**
 * Plans a deployment.
 * @throws TmDbError MIGRATION_UNFINISHED; MIGRATION_EDITED, MIGRATION_MISSING or MIGRATION_OUT_OF_ORDER, naming every
 * file concerned, where the history of the database and that of the files have parted.
 */
export function planDeployment(files: ProjectFiles, ledger: LedgerState, options: PlanOptions): DeploymentPlan {
  refuseUnfinished(ledger.unfinished);
  const statuses = compareFiles(files, ledger);
  const inState = (state: FileStatus["state"]): ReadonlySet<string> =>
    new Set(statuses.filter((status) => status.state === state).map((status) => status.path));
  refuseHistory("MIGRATION_EDITED", inState("edited"), {
    message: "migrations changed after they were applied",
    hint: [
      "restore the files, and put the change in a new migration: npx tm-db new <name>",
      `or, where what they made may go: ${takeBackTo(inState("edited"), ledger)}, and then: npx tm-db migrate`,
    ].join("\n"),
  });
  refuseHistory("MIGRATION_MISSING", inState("missing"), {
    message: "migrations were applied here and their files are gone",
    hint: `restore the files (another branch may have them), or take them back: ${takeBackTo(inState("missing"), ledger)}`,
  });
  if (!options.allowOutOfOrder) {
    refuseHistory("MIGRATION_OUT_OF_ORDER", inState("out-of-order"), {
      message: "new migrations stand before one that is applied already",
      hint: "give them the next free numbers, or apply them as they are: npx tm-db migrate --allow-out-of-order",
    });
  }
  const [pending, changed, removed, outOfOrder] = [
    inState("pending"),
    inState("changed"),
    inState("removed"),
    inState("out-of-order"),
  ];
  return {
    migrations: files.migrations.filter((migration) => pending.has(migration.path) || outOfOrder.has(migration.path)),
    apply: files.repeatables.flatMap((file): PlannedFile[] => {
      if (pending.has(file.path)) return [{ file, reason: "new" }];
      return changed.has(file.path) ? [{ file, reason: "changed" }] : [];
    }),
    remove: ledger.repeatables.filter((file) => removed.has(file.path)),
  };
}

/** The command that takes back the first of these migrations, and whatever came after it. */
function takeBackTo(paths: ReadonlySet<string>, { migrations }: LedgerState): string {
  const before = migrations[migrations.findIndex(({ path }) => paths.has(path)) - 1];
  return `npx tm-db rollback ${before === undefined ? "--all" : `--to ${before.name}`}`;
}

export function isEmptyPlan(plan: DeploymentPlan): boolean {
  return plan.migrations.length === 0 && plan.apply.length === 0 && plan.remove.length === 0;
}

function refuseHistory(
  code: "MIGRATION_EDITED" | "MIGRATION_MISSING" | "MIGRATION_OUT_OF_ORDER",
  paths: ReadonlySet<string>,
  words: { readonly message: string; readonly hint: string },
): void {
  if (paths.size === 0) return;
  const problems: Problem[] = [...paths].map((path) => ({ message: path }));
  throw new TmDbError(code, words.message, { problems, hint: words.hint });
}
