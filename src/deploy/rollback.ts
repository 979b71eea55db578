import type { DatabaseClient } from "../db/client.ts";
import { readDirectives } from "../core/directives.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { isMigrationNamed } from "../core/migration-name.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { withoutConcurrently } from "./build.ts";
import type { PastChange } from "./ledger.ts";
import type { AppliedRepeatable, LedgerState, MigrationEntry } from "./ledger-state.ts";
import { mayDefer } from "./own-settings.ts";
import { loadSqlParser } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";
import { applyNeeded, type LeftOut, reconcile } from "./reconcile.ts";
import { DeploymentRun, type OnMissing } from "./run.ts";

/** How far to go back. */
export type RollbackTarget =
  | { readonly kind: "last-deployment" }
  | { readonly kind: "steps"; readonly count: number }
  | { readonly kind: "to"; readonly name: string }
  | { readonly kind: "all" };

/** What a rollback will do, as a value. */
export interface RollbackPlan {
  /** The latest first. */
  readonly migrations: readonly MigrationEntry[];
  /** What functions, views and policies shall be afterwards, as far as what they need is still there. */
  readonly repeatables: readonly RepeatableFile[];
  /** Files that will not be there any more, or in an older version. */
  readonly changes: readonly { readonly path: string; readonly change: "goes" | "comes back" | "older version" }[];
  readonly onMissing: OnMissing;
}

/**
 * Plans a rollback by migrations: `steps`, `to` or `all`.
 * @throws TmDbError NOTHING_TO_ROLL_BACK, USAGE for an unknown name, MIGRATION_NO_WAY_BACK.
 */
export function planMigrationRollback(
  target: Exclude<RollbackTarget, { kind: "last-deployment" }>,
  ledger: LedgerState,
  entries: ReadonlyMap<string, MigrationEntry>,
): RollbackPlan {
  const count =
    target.kind === "all"
      ? ledger.migrations.length
      : target.kind === "steps"
        ? target.count
        : countAfter(target.name, ledger);
  const names = count === 0 ? [] : ledger.migrations.slice(-count).map(({ name }) => name);
  if (names.length === 0 && (target.kind !== "all" || ledger.repeatables.length === 0)) throw nothingToRollBack();
  const repeatables = target.kind === "all" ? [] : ledger.repeatables;
  return {
    migrations: findEntries(names.toReversed(), entries),
    repeatables,
    changes: compareRepeatables(ledger.repeatables, repeatables),
    onMissing: "leave-out",
  };
}

const LISTED_MIGRATIONS = 5;

function countAfter(name: string, ledger: LedgerState): number {
  const index = ledger.migrations.findIndex((migration) => isMigrationNamed(migration.name, name));
  if (index >= 0) return ledger.migrations.length - 1 - index;
  const last = ledger.migrations.slice(-LISTED_MIGRATIONS).map((migration) => migration.name);
  throw new TmDbError("USAGE", `no applied migration is named ${name}`, {
    detail: last.length === 0 ? "none is applied" : `applied, the last ones: ${last.join(", ")}`,
    hint: `npx tm-db rollback --to ${last.at(-2) ?? "<migration>"}   takes back every migration after that one`,
  });
}

/**
 * Plans to take a deployment back: the state before it, worked out from what the ledger says has changed since. Undefined
 * where that is the state of now.
 */
export function planDeploymentRollback(
  past: readonly PastChange[],
  ledger: LedgerState,
  entries: ReadonlyMap<string, MigrationEntry>,
): RollbackPlan | undefined {
  const repeatables = new Map<string, RepeatableFile>(ledger.repeatables.map((file) => [file.path, file]));
  const migrations = new Set(ledger.migrations.map(({ name }) => name));
  const pathOf = new Map(ledger.migrations.map(({ path, name }) => [path, name]));
  for (const { path, before } of past) {
    if (before === null) {
      repeatables.delete(path);
      const name = pathOf.get(path);
      if (name !== undefined) migrations.delete(name);
    } else if (before.folder === undefined) migrations.add(before.name);
    else repeatables.set(path, before);
  }
  const down = ledger.migrations.filter(({ name }) => !migrations.has(name)).map(({ name }) => name);
  const target = [...repeatables.values()];
  const changes = compareRepeatables(ledger.repeatables, target);
  if (down.length === 0 && changes.length === 0) return undefined;
  return { migrations: findEntries(down.toReversed(), entries), repeatables: target, changes, onMissing: "fail" };
}

function compareRepeatables(
  now: readonly AppliedRepeatable[],
  then: readonly RepeatableFile[],
): RollbackPlan["changes"] {
  const before = new Map(now.map((file) => [file.path, file.checksum]));
  const after = new Map(then.map((file) => [file.path, file.checksum]));
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return paths.flatMap((path): RollbackPlan["changes"] => {
    if (!after.has(path)) return [{ path, change: "goes" }];
    if (!before.has(path)) return [{ path, change: "comes back" }];
    return before.get(path) === after.get(path) ? [] : [{ path, change: "older version" }];
  });
}

function findEntries(names: readonly string[], entries: ReadonlyMap<string, MigrationEntry>): MigrationEntry[] {
  const stuck = names.filter((name) => (entries.get(name)?.downSql ?? null) === null);
  if (stuck.length > 0) {
    throw new TmDbError("MIGRATION_NO_WAY_BACK", "migrations have no down part, so nothing was rolled back", {
      problems: stuck.map((name) => ({ message: entries.get(name)?.path ?? name })),
      hint: "write a new migration that undoes them: npx tm-db new <name>",
    });
  }
  return names.flatMap((name) => entries.get(name) ?? []);
}

export function nothingToRollBack(): TmDbError {
  return new TmDbError("NOTHING_TO_ROLL_BACK", "there is nothing to roll back", {
    hint: "npx tm-db status shows what is applied",
  });
}

export interface RollbackResult {
  readonly run: DeploymentRun;
  /** Repeatables that went because what they need is gone. */
  readonly leftOut: LeftOut;
}

/**
 * Carries a rollback out in the caller's transaction. All functions, views and policies step aside, the migrations go
 * down, and what shall stand afterwards comes again. Files that a migration needs, and objects that a table holds (a
 * function in a column's default), go when that migration has gone down.
 */
export async function applyRollback(
  client: DatabaseClient,
  plan: RollbackPlan,
  input: {
    readonly ledger: LedgerState;
    /** The migrations that stand before the rollback. */
    readonly standing: readonly MigrationEntry[];
    readonly onEvent: EventListener;
  },
): Promise<RollbackResult> {
  const run = new DeploymentRun(client, input.ledger.repeatables, input.onEvent);
  const needed = countNeeds(input.standing);
  const checks = { mayDefer: mayDefer(input.standing) };
  const isFree = (path: string): boolean => (needed.get(path) ?? 0) === 0;
  const stepAside = async (): Promise<void> => {
    const paths = run.applied.map(({ path }) => path).filter(isFree);
    if (paths.length === 0) return;
    await run.takeBack({ paths, keepable: new Set(), onHeld: "leave" }, await run.readDependencies());
  };
  /**
   * What only migrations that stay need is again what it was when the others had not run yet; but what a file left out for one
   * of them comes back when that one has gone.
   */
  const comeBack = async (going: readonly MigrationEntry[]): Promise<void> => {
    const inUse = new Set(going.flatMap(neededFiles));
    const needing = plan.repeatables.filter(({ path }) => !isFree(path) && !inUse.has(path));
    if (needing.length > 0) await loadSqlParser();
    const older = going.length === 0 ? needing : needing.filter((file) => !saysMore(file, run.applied));
    await applyNeeded(run, older, new Set(older.map(({ path }) => path)));
  };
  if (plan.migrations.length > 0) {
    await stepAside();
    await comeBack(plan.migrations);
  }
  for (let rest = plan.migrations; rest.length > 0;) {
    // A file that still stands, and that no migration needs, is held by something that one of them will drop.
    const isHeld = run.applied.some(({ path }) => isFree(path));
    const group = rest.slice(0, isHeld ? 1 : untilNeed(rest));
    rest = rest.slice(group.length);
    await run.runMigrations(
      "down",
      group.map((entry) => ({ entry, part: downPart(entry) })),
      checks,
    );
    for (const path of group.flatMap(neededFiles)) needed.set(path, (needed.get(path) ?? 0) - 1);
    await stepAside();
    await comeBack(rest);
  }
  const leftOut = await reconcile(run, plan.repeatables, {
    onMissing: plan.onMissing,
    afterMigrations: plan.migrations.length > 0,
    needed: new Set([...needed.keys()].filter((path) => !isFree(path))),
  });
  return { run, leftOut };
}

/** Whether a file says something that the version which stands does not. */
function saysMore(file: RepeatableFile, standing: readonly AppliedRepeatable[]): boolean {
  const made = standing.find(({ path }) => path === file.path)?.made ?? [];
  const identities = new Set(made.map(({ identity }) => identity));
  const declared = declareFiles([file]).flatMap(({ declarations }) => declarations);
  return declared.some(({ declaration }) => !identities.has(declaration.identity));
}

/** By how many migrations each file is needed: it may go with the last of them. */
function countNeeds(entries: readonly MigrationEntry[]): Map<string, number> {
  const needed = new Map<string, number>();
  for (const path of entries.flatMap(neededFiles)) needed.set(path, (needed.get(path) ?? 0) + 1);
  return needed;
}

/** How many of the first go down before files are to be looked at again: up to one that needs some. */
function untilNeed(entries: readonly MigrationEntry[]): number {
  const index = entries.findIndex((entry) => neededFiles(entry).length > 0);
  return index < 0 ? entries.length : index + 1;
}

function neededFiles(entry: MigrationEntry): readonly string[] {
  return readDirectives(entry, entry.path.endsWith(".sql") ? "sql" : "script").needs;
}

/**
 * The down part as it stands in the migration's text, so that an error can point into it. The rollback is a transaction, in
 * which nothing is `concurrently`: the outcome is the same without the word.
 */
function downPart(entry: MigrationEntry): { sql: string; offset: number } {
  const sql = entry.downSql ?? "";
  const offset = entry.text.indexOf(sql);
  return { sql: withoutConcurrently(sql), offset: Math.max(0, offset) };
}
