import { TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { DatabaseClient } from "../db/client.ts";
import { runScript } from "../db/run-script.ts";
import { type ApplyInput, applyNeededBy, neededSoFar, type PreparedMigration, stepAside } from "./apply.ts";
import { isVacuum, withoutConcurrently } from "./build.ts";
import { areSameDefaults } from "./default-privileges.ts";
import { brokenNames } from "./broken-names.ts";
import { mayDefer, migrationFrame } from "./own-settings.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";
import { reconcile } from "./reconcile.ts";
import { runSql, sourceOf } from "./run-sql.ts";
import { DeploymentRun } from "./run.ts";
import { leaveOldDefaults, leaveTouched, readStanding } from "./standing.ts";
import { type Effects, Watch } from "./watch.ts";

/** A statement of a migration, or a group of files, and what it did. */
export interface ObservedStep extends Effects {
  /** The migration's file; of a group, the files. */
  readonly path: string;
  /** Where the statement begins in a SQL migration. */
  readonly line: number | null;
  /** The beginning of the statement, or what is done with the files. */
  readonly statement: string;
  /** Steps with the same number are one transaction. */
  readonly transaction: number;
}

/**
 * Carries out a plan in the caller's transaction, as `applyDeployment` does, statement by statement, and says what each
 * did to the tables that were there. Nothing is made ready for the ledger: the transaction is meant to be rolled back.
 * @throws TmDbError SQL_ERROR and its like.
 */
export async function observeDeployment(client: DatabaseClient, input: ApplyInput): Promise<ObservedStep[]> {
  await loadSqlParser();
  const observation = new Observation(client, input, await Watch.begin(client));
  try {
    return await observation.run();
  } catch (error) {
    // unsafe_new_enum_value_usage: outside of the trial the value is committed first.
    if (!(error instanceof TmDbError) || error.sqlState !== "55P04") throw error;
    throw error.with({
      hint: "the trial is one transaction, in which a new value of an enum cannot be used; see the rest without: npx tm-db plan",
    });
  }
}

class Observation {
  readonly #client: DatabaseClient;
  readonly #input: ApplyInput;
  readonly #watch: Watch;
  readonly #run: DeploymentRun;
  readonly #mayDefer: boolean;
  readonly #steps: ObservedStep[] = [];
  #transaction = 1;

  constructor(client: DatabaseClient, input: ApplyInput, watch: Watch) {
    this.#client = client;
    this.#input = input;
    this.#watch = watch;
    this.#mayDefer = mayDefer(input.files.migrations);
    this.#run = new DeploymentRun(client, input.ledger.repeatables, input.onEvent);
  }

  async run(): Promise<ObservedStep[]> {
    const { migrations, files } = this.#input;
    await this.#group("taken back", async () => {
      await stepAside(this.#run, { ...this.#input, retracted: [] });
    });
    for (const migration of migrations) await this.#migration(migration);
    await this.#group("functions, views and policies", async () => {
      await reconcile(this.#run, files.repeatables, {
        onMissing: "fail",
        afterMigrations: migrations.length > 0,
        brokenNames: migrations.flatMap(({ part }) => brokenNames(part.sql)),
        needed: neededSoFar(files.migrations, files.migrations.at(-1)),
      });
    });
    return this.#steps;
  }

  async #migration(migration: PreparedMigration): Promise<void> {
    await this.#takeBack(migration.file.directives.retract);
    await this.#group("needed files", async () => {
      await applyNeededBy(this.#run, [migration], this.#input.files);
    });
    const before = await this.#run.readDefaults();
    const soFar = neededSoFar(this.#input.files.migrations, migration.file);
    const standing = await readStanding(this.#run, soFar);
    await this.#statements(migration);
    this.#run.forgetDefaults();
    if (standing !== undefined) {
      await this.#group("taken back for what a migration changed", async () => {
        await leaveTouched(this.#run, standing, soFar);
      });
    }
    if (areSameDefaults(await this.#run.readDefaults(), before)) return;
    await this.#group("taken back for new default privileges", async () => {
      await leaveOldDefaults(this.#run, soFar);
    });
  }

  async #statements({ file, entry, part: whole, noTransaction }: PreparedMigration): Promise<void> {
    const frame = migrationFrame(whole.sql, {
      settings: await this.#run.readSettings(),
      mayDefer: this.#mayDefer,
    });
    if (frame !== undefined) await runScript(this.#client, frame.before);
    for (const { node, start, end, sql } of parseSql({ path: file.path, text: whole.sql })) {
      if (isVacuum(node)) continue;
      const isConcurrent = isConcurrently(sql);
      if (noTransaction) this.#transaction += 1;
      const part = { sql: withoutConcurrently(whole.sql.slice(start, end)), offset: whole.offset + start };
      const effects = await this.#watch.watch(async () => {
        await runSql(this.#client, sourceOf(entry, part));
      });
      this.#steps.push({
        ...(isConcurrent ? asConcurrently(effects) : effects),
        path: file.path,
        line: file.language === "sql" ? locate(file.path, file.text, part.offset).line : null,
        statement: firstWords(sql),
        transaction: this.#transaction,
      });
      if (noTransaction) this.#transaction += 1;
    }
    if (frame !== undefined) await runScript(this.#client, frame.after);
  }

  async #takeBack(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    await this.#group("taken back", async () => {
      await this.#run.takeBack({ paths, keepable: new Set(), onHeld: "fail" }, await this.#run.readDependencies());
    });
  }

  /** Files come and go in groups: several may have to step aside for one. */
  async #group(statement: string, work: () => Promise<void>): Promise<void> {
    const before = this.#run.applied;
    const effects = await this.#watch.watch(work);
    const after = this.#run.applied;
    const changed = [
      ...before.filter((file) => !after.includes(file)),
      ...after.filter((file) => !before.includes(file)),
    ];
    const paths = [...new Set(changed.map(({ path }) => path))];
    if (paths.length === 0) return;
    const shown = paths.slice(0, 3).join(", ");
    const path = paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
    this.#steps.push({ ...effects, path, line: null, statement, transaction: this.#transaction });
  }
}

/** `create index concurrently` and its like run outside of any transaction. */
function isConcurrently(sql: string): boolean {
  return /^\s*(create|drop|reindex|refresh|alter)\b[^;'"]*\bconcurrently\b/i.test(sql);
}

/** It was tried as an ordinary statement; the lock of a concurrent one is what PostgreSQL's manual says of it. */
function asConcurrently(effects: Effects): Effects {
  return { ...effects, locks: effects.locks.map(({ table }) => ({ table, mode: "share-update-exclusive" })) };
}

const WIDEST_STATEMENT = 80;

/** Without its texts: a password might be among them. */
function firstWords(sql: string): string {
  const line = sql
    .replaceAll(/'(?:[^']|'')*'/g, "'…'")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > WIDEST_STATEMENT ? `${line.slice(0, WIDEST_STATEMENT - 1)}…` : line;
}
