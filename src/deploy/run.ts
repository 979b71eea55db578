import type { DatabaseClient } from "../db/client.ts";
import { checksum } from "../core/checksum.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener, StepAction } from "../core/event.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { pipelined, runScript, ScriptError, type ScriptListener, type ScriptNotice } from "../db/run-script.ts";
import { type DefaultPrivilege, readDefaultPrivileges } from "./default-privileges.ts";
import {
  type Dependencies,
  findTakeBack,
  indexFiles,
  readDependencies,
  type TakeBack,
  takeBackSql,
} from "./dependencies.ts";
import { readFacts } from "./facts.ts";
import { applyInFoundOrder } from "./found-order.ts";
import { type Holder, objectHeld } from "./object-held.ts";
import { fileSql } from "./file-sql.ts";
import type { FileChange } from "./ledger-writing.ts";
import type { AppliedRepeatable, Made, MigrationEntry } from "./ledger-state.ts";
import type { DoneStep } from "./outcome.ts";
import type { SqlPart } from "./migration-sql.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";
import { checkDuplicates, type DeclaredFile, declareFiles, guessOrder } from "./repeatable.ts";
import { sqlError } from "../db/sql-error.ts";
import { readSettings, settingsOf, framed } from "./own-settings.ts";
import { areStillValid, areValid } from "./valid-routines.ts";
import { isMissingObject, runSqls, sourceOf } from "./run-sql.ts";
import type { CreatedObject, TargetObject } from "./declaration.ts";
import { aboutTargets, madeBy } from "./made.ts";
import type { ObjectFacts } from "./undo.ts";

/** What to do with files that name something that is not there. */
export type OnMissing = "fail" | "leave-out";

/** A migration's entry in the ledger, and the part of its text that is run. */
export interface RunnableMigration {
  readonly entry: MigrationEntry;
  readonly part: SqlPart;
}

/**
 * Files are sent ahead of each other's answers. One that must wait for others wastes those that were sent behind it, so
 * fewer are sent at once after it.
 */
const FILES_AT_ONCE = 50;

/** What is to be taken back, and whether objects that something else depends on may stay. */
interface TakeBackRequest {
  readonly paths: Iterable<string>;
  readonly keepable: ReadonlySet<string>;
  readonly onHeld: "fail" | "leave";
}

/**
 * The state of one deployment or rollback while it runs: what stands now, and what was done. Knows how to take files
 * back, apply them and run migrations; `apply.ts` and `rollback.ts` say in which order. All in the caller's transaction.
 */
export class DeploymentRun {
  readonly client: DatabaseClient;
  readonly #done: DoneStep[] = [];
  readonly #onEvent: EventListener;
  readonly #initial: ReadonlyMap<string, AppliedRepeatable>;
  #current: Map<string, AppliedRepeatable>;
  readonly #migrationChanges: FileChange[] = [];
  #kept: ReadonlySet<string> = new Set();
  #defaults: readonly DefaultPrivilege[] | undefined;
  #settings: string | undefined;
  readonly #withheld = new Map<string, Set<string>>();

  constructor(client: DatabaseClient, applied: readonly AppliedRepeatable[], onEvent: EventListener) {
    this.client = client;
    this.#onEvent = onEvent;
    this.#initial = new Map(applied.map((file) => [file.path, file]));
    this.#current = new Map(this.#initial);
  }

  /** What was done, in order. A file that was taken back and came again counts as one step. */
  get steps(): DoneStep[] {
    const back = new Map(this.#done.filter(({ action }) => action === "take-back").map((step) => [step.path, step]));
    const again = new Set(
      this.#done.filter(({ action }) => action === "apply" || action === "replace").map(({ path }) => path),
    );
    return this.#done
      .filter(({ action, path }) => action !== "take-back" || !again.has(path))
      .map((step) => {
        const before = step.action === "apply" || step.action === "replace" ? back.get(step.path) : undefined;
        return before === undefined ? step : { ...before, action: "replace", ms: before.ms + step.ms };
      });
  }

  /** Privileges that were not given or taken: PostgreSQL only warns where somebody else has granted them, or may grant them. */
  get warnings(): string[] {
    return [...this.#withheld].flatMap(([path, messages]) =>
      [...messages].map((message) => `${path}: ${message}: only who gave them, or may give them, can`),
    );
  }

  /** What stands now. */
  get applied(): AppliedRepeatable[] {
    return [...this.#current.values()];
  }

  /** What these declarations changed is what their object has without them, by now: nothing takes them back any more. */
  settle(identities: ReadonlySet<string>): void {
    for (const [path, file] of this.#current) {
      if (!file.made.some(({ identity }) => identities.has(identity))) continue;
      const made = file.made.map((entry) => (identities.has(entry.identity) ? { ...entry, undo: "" } : entry));
      this.#current.set(path, { ...file, made });
    }
  }

  async readDependencies(): Promise<Dependencies> {
    return await readDependencies(this.client, this.applied);
  }

  /** The state of objects; `absent` are the keys of those that files will make. */
  async readFacts(
    targets: readonly TargetObject[],
    absent: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, ObjectFacts>> {
    return await readFacts(this.client, { targets, absent, readDefaults: async () => await this.readDefaults() });
  }

  /** As they are by now: only migrations change them, and whoever runs one without this has to say so. */
  async readDefaults(): Promise<readonly DefaultPrivilege[]> {
    return (this.#defaults ??= await readDefaultPrivileges(this.client));
  }

  /** As they are between migrations, whose own end with them. */
  async readSettings(): Promise<string> {
    return (this.#settings ??= await readSettings(this.client));
  }

  forgetDefaults(): void {
    this.#defaults = undefined;
  }

  /**
   * Runs one direction of migrations, in this order. `up`: `entry` is what the ledger will hold of it. `mayDefer`: see `migrationFrame`.
   * @throws TmDbError SQL_ERROR and its like for the first that fails.
   */
  async runMigrations(
    direction: "up" | "down",
    migrations: readonly RunnableMigration[],
    { mayDefer }: { readonly mayDefer: boolean },
  ): Promise<void> {
    const action = direction === "up" ? "migrate" : "roll-back";
    const isAny = migrations.some(({ part }) => settingsOf(part.sql) === "any");
    const settings = isAny ? await this.readSettings() : "{}";
    const sources = migrations.map(({ entry, part }) => framed(sourceOf(entry, part), { settings, mayDefer }));
    const listener: ScriptListener = {
      onStart: (index) => this.#tell(action, migrations[index]?.entry.path),
      onEnd: (index, ms) => {
        const entry = migrations[index]?.entry;
        if (entry === undefined) return;
        const { path } = entry;
        this.#done.push({ action, path, ms });
        const [before, after] = direction === "up" ? [null, entry] : [entry, null];
        this.#migrationChanges.push({ kind: "migration", path, ms, before, after });
      },
      onNotice: (index, notice) => this.#hear(migrations[index]?.entry.path, notice),
    };
    this.forgetDefaults();
    const [failure, defaults] = await pipelined(this.client, async () => {
      const ran = runSqls(this.client, sources, listener);
      // Asked for behind them: what they have changed decides about the files.
      const asked = direction === "up" ? readDefaultPrivileges(this.client).catch(() => undefined) : undefined;
      return [await ran, await asked];
    });
    if (failure !== undefined) throw failure.error;
    this.#defaults = defaults;
  }

  /**
   * Takes files back, and with them every file that depends on them.
   * @throws TmDbError OBJECT_HELD where something that no repeatable made depends on one of their objects, unless such
   * files may be left as they are.
   */
  async takeBack(request: TakeBackRequest, dependencies: Dependencies): Promise<void> {
    const present = [...request.paths].filter((path) => this.#current.has(path));
    const { keepable } = request;
    const index = indexFiles(this.applied);
    const take = (paths: readonly string[]): TakeBack => findTakeBack(index, { paths, keepable }, dependencies);
    const all = take(present);
    const held = this.#holders(all, dependencies);
    if (held.length > 0 && request.onHeld === "fail") throw objectHeld(held);
    const roots =
      held.length === 0 ? present : present.filter((path) => this.#holders(take([path]), dependencies).length === 0);
    await this.#drop(new Set(roots), held.length === 0 ? all : take(roots), dependencies);
  }

  /** What that no repeatable made stands in the way of taking files back. */
  #holders(taken: TakeBack, dependencies: Dependencies): Holder[] {
    return [...taken.paths].flatMap((path) =>
      (this.#current.get(path)?.made ?? [])
        .filter((made) => made.object !== undefined && !taken.kept.has(made.identity))
        .flatMap((made) =>
          (dependencies.holders.get(made.identity) ?? []).map((holder) => ({ path, identity: made.identity, holder })),
        ),
    );
  }

  async #drop(roots: ReadonlySet<string>, taken: TakeBack, dependencies: Dependencies): Promise<void> {
    if (taken.paths.size === 0) return;
    const files = [...taken.paths].flatMap((path) => this.#current.get(path) ?? []);
    const made = files.flatMap((file) => file.made).filter((entry) => !taken.kept.has(entry.identity));
    const statements = takeBackSql(made, dependencies);
    const started = performance.now();
    for (const path of taken.paths) this.#tell("take-back", path);
    if (statements.length > 0) {
      await this.#runWayBack(statements);
    }
    const ms = (performance.now() - started) / taken.paths.size;
    this.#kept = new Set([...this.#kept, ...taken.kept]);
    for (const file of files) {
      this.#current.delete(file.path);
      const because = roots.has(file.path) ? undefined : [...roots].join(", ");
      this.#done.push({ action: "take-back", path: file.path, ms, ...(because === undefined ? {} : { because }) });
    }
  }

  /** What a privilege or comment is to be again may be gone: its column, role, policy or trigger. That is passed over. */
  async #runWayBack(statements: readonly string[]): Promise<void> {
    const isWhole = await this.#allOrNothing(async () => await this.#isDone(statements.join(";\n")));
    if (isWhole) return;
    await loadSqlParser();
    for (const { sql } of parseSql({ path: "", text: statements.join(";\n") }))
      await this.#allOrNothing(async () => await this.#isDone(sql));
  }

  /** Runs SQL. False where it names something that is not there. */
  async #isDone(sql: string): Promise<boolean> {
    try {
      await runScript(this.client, sql);
      return true;
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      // undefined_column; undefined_object.
      if (["42703", "42704"].includes(error.cause.code ?? "")) return false;
      throw sqlError(error.cause, undefined);
    }
  }

  /**
   * Applies files, in an order that works. Returns the paths of those that were left out because something they name
   * is not there.
   */
  async applyFiles(files: readonly RepeatableFile[], onMissing: OnMissing): Promise<string[]> {
    if (files.length === 0) return [];
    await loadSqlParser();
    const declared = declareFiles(files);
    const applied = this.applied.filter((file) => !files.some(({ path }) => path === file.path));
    checkDuplicates(
      declared,
      applied.map(({ path, made }) => ({ path, identities: made.map(({ identity }) => identity) })),
    );
    const facts = await this.readFacts(...aboutTargets(declared, this.#kept));
    const describeMade = (file: DeclaredFile): Made[] => madeBy(file, facts);
    const guessed = guessOrder(declared);
    if (guessed.length > 1 && (await this.#applyTogether(guessed, describeMade))) return [];
    const left = await applyInFoundOrder(guessed, {
      tryApply: async (files) => await this.#tryApply(files, describeMade),
      findBroken: async (made) => await this.#findBroken(made),
      setBodyChecks: async (on) =>
        void (await this.client.query(`set local check_function_bodies = ${on ? "on" : "off"}`)),
      allOrNothing: async (work) => await this.#allOrNothing(work),
    });
    const [reason] = left.values();
    if (left.size > 0 && onMissing === "fail") throw reason;
    return [...left.keys()].map(({ file }) => file.path);
  }

  /** Adds to what stands of a file: the next version replaces all of it. */
  async extend(file: RepeatableFile): Promise<void> {
    const before = this.#current.get(file.path);
    await this.applyFiles([file], "leave-out");
    const added = this.#current.get(file.path);
    if (before === undefined || added === undefined || added === before) return;
    const text = `${before.text}\n${added.text}`;
    this.#current.set(file.path, { ...added, text, checksum: checksum(text), made: [...before.made, ...added.made] });
  }

  /** The files with a function that its language's own validator refuses. */
  async #findBroken(files: readonly DeclaredFile[]): Promise<DeclaredFile[]> {
    const broken: DeclaredFile[] = [];
    for (const file of files) {
      const objects = file.declarations.flatMap(({ declaration }) =>
        declaration.kind === "create" ? [declaration.object] : [],
      );
      const isValid = await this.#allOrNothing(async () => await areValid(this.client, routinesOf(objects)));
      if (!isValid) broken.push(file);
    }
    return broken;
  }

  /** The files that stand and hold a function in SQL that a migration has broken, which renames or drops what has these names. */
  async findBrokenByMigrations(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const files = this.applied.map(({ path, made }) => ({
      path,
      routines: routinesOf(made.flatMap(({ object }) => object ?? [])),
    }));
    const areValidYet = async (routines: readonly string[]): Promise<boolean> =>
      routines.length === 0 ||
      (await this.#allOrNothing(async () => await areStillValid(this.client, routines, names)));
    if (await areValidYet(files.flatMap(({ routines }) => routines))) return [];
    const broken: string[] = [];
    for (const { path, routines } of files) if (!(await areValidYet(routines))) broken.push(path);
    return broken;
  }

  async #allOrNothing(work: () => Promise<boolean>): Promise<boolean> {
    const [current, done] = [new Map(this.#current), this.#done.length];
    const [, isKept] = await pipelined(
      this.client,
      async () => await Promise.all([this.client.query("savepoint tm_db_attempt"), work()]),
    );
    // Released either way: attempts are nested, and the next "rollback to" must find the outer one.
    const undo = isKept ? "" : "rollback to savepoint tm_db_attempt; ";
    await this.client.query(`${undo}release savepoint tm_db_attempt`);
    if (!isKept) {
      this.#current = current;
      this.#done.length = done;
    }
    return isKept;
  }

  /**
   * Applies files in this order, all of them or none. Most often that works, and to have a savepoint before each costs
   * PostgreSQL a twelfth of what the files cost it.
   */
  async #applyTogether(
    files: readonly DeclaredFile[],
    describeMade: (file: DeclaredFile) => readonly Made[],
  ): Promise<boolean> {
    return await this.#allOrNothing(async () => {
      for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
        const slice = files.slice(from, from + FILES_AT_ONCE);
        const failure = await this.#applySlice(
          slice.map((declared) => ({ declared, made: describeMade(declared) })),
          { savepoints: false },
        );
        if (failure !== undefined && !isMissingObject(failure.error))
          throw objectExists(failure.error) ?? failure.error;
        if (failure !== undefined) return false;
      }
      return true;
    });
  }

  /**
   * Applies files in this order, passing over those that name something that is not there: they are returned, each with
   * the error, and nothing of them is left.
   */
  async #tryApply(
    files: readonly DeclaredFile[],
    describeMade: (file: DeclaredFile) => readonly Made[],
  ): Promise<Map<DeclaredFile, unknown>> {
    const missing = new Map<DeclaredFile, unknown>();
    let atOnce = FILES_AT_ONCE;
    for (let from = 0; from < files.length;) {
      const slice = files.slice(from, from + atOnce);
      const failure = await this.#applySlice(
        slice.map((declared) => ({ declared, made: describeMade(declared) })),
        { savepoints: true },
      );
      from += failure === undefined ? slice.length : failure.index + 1;
      atOnce = failure === undefined ? Math.min(2 * atOnce, FILES_AT_ONCE) : failure.index + 1;
      const failed = failure === undefined ? undefined : slice[failure.index];
      if (failure === undefined || failed === undefined) continue;
      if (!isMissingObject(failure.error)) throw objectExists(failure.error) ?? failure.error;
      await this.client.query("rollback to savepoint tm_db_file; release savepoint tm_db_file");
      missing.set(failed, failure.error);
    }
    return missing;
  }

  async #applySlice(
    files: readonly { readonly declared: DeclaredFile; readonly made: readonly Made[] }[],
    { savepoints }: { readonly savepoints: boolean },
  ) {
    const sources = files.map(({ declared: { file }, declared }) => {
      const { sql, insertions } = fileSql(declared, { kept: this.#kept, savepoints });
      return { path: file.path, text: file.text, part: { sql, offset: 0 }, insertions };
    });
    const actionOf = (made: readonly Made[]): StepAction =>
      made.some(({ identity }) => this.#kept.has(identity)) ? "replace" : "apply";
    // Tried before, perhaps, and taken back.
    for (const { path } of sources) this.#withheld.delete(path);
    return await runSqls(this.client, sources, {
      onStart: (index) => this.#tell(actionOf(files[index]?.made ?? []), sources[index]?.path),
      onNotice: (index, notice) => this.#hear(sources[index]?.path, notice),
      onEnd: (index, ms) => {
        const applied = files[index];
        if (applied === undefined) return;
        const { made } = applied;
        const { path, folder, checksum, text } = applied.declared.file;
        this.#done.push({ action: actionOf(made), path, ms });
        this.#current.set(path, { path, folder, checksum, text, made });
      },
    });
  }

  /** What the ledger has to hold: every file that is not what it was, migrations first. */
  changes(): FileChange[] {
    const timeOf = new Map<string, number>();
    for (const { path, ms } of this.#done) timeOf.set(path, (timeOf.get(path) ?? 0) + ms);
    const paths = new Set([...this.#initial.keys(), ...this.#current.keys()]);
    const repeatables = [...paths].flatMap((path): FileChange[] => {
      const before = this.#initial.get(path) ?? null;
      const after = this.#current.get(path) ?? null;
      return before === after ? [] : [{ kind: "repeatable", path, ms: timeOf.get(path) ?? 0, before, after }];
    });
    return [...this.#migrationChanges, ...repeatables];
  }

  #hear(path: string | undefined, { code, message = "" }: ScriptNotice): void {
    // privilege_not_revoked; privilege_not_granted.
    if (path === undefined || (code !== "01006" && code !== "01007")) return;
    // Of each column, besides that of the table.
    if (/ for column .* of relation /.test(message)) return;
    this.#withheld.set(path, (this.#withheld.get(path) ?? new Set()).add(message));
  }

  #tell(action: StepAction, path: string | undefined): void {
    if (path !== undefined) this.#onEvent({ kind: "step", action, path });
  }
}

function routinesOf(objects: readonly CreatedObject[]): string[] {
  return objects.filter(({ type }) => type === "function" || type === "procedure").map(({ name }) => name);
}

/** duplicate_function, duplicate_table and duplicate_object: something of that name is there, and no file made it. */
const DUPLICATE_STATES = new Set(["42723", "42P07", "42710"]);

function objectExists(error: unknown): TmDbError | undefined {
  if (!(error instanceof TmDbError) || !DUPLICATE_STATES.has(error.sqlState ?? "")) return undefined;
  return error.with({
    code: "OBJECT_EXISTS",
    hint: "no file of the project made it: drop it, or give the file's object another name",
  });
}
