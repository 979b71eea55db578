import { availableParallelism } from "node:os";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { KillingTest, MutantVerdict } from "../core/mutation-result.ts";
import { subjectWords } from "../core/subject-words.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { History, type SuiteFile } from "./order.ts";
import type { Mutant } from "./plan.ts";

/** A suite of tests, as what runs it hands it over. */
export interface Suite {
  readonly paths: readonly string[];
  /** Makes a clone ready, once. */
  readonly prepareClone: (client: DatabaseClient) => Promise<void>;
  /** Makes a session ready. */
  readonly prepareSession: (client: DatabaseClient) => Promise<void>;
  /**
   * Runs a file in a transaction that is rolled back, after `damage` in the same one, until the first test that fails.
   */
  readonly runFile: (
    client: DatabaseClient,
    clone: ConnectionSpec,
    run: { readonly path: string; readonly damage: string | undefined; readonly timeoutMs: number },
  ) => Promise<FileOutcome>;
}

export type FileOutcome = (
  | { readonly kind: "passed"; readonly tables: ReadonlySet<string> }
  | { readonly kind: "failed"; readonly by: KillingTest }
  | { readonly kind: "timed-out" }
  /** PostgreSQL refused the damage itself. */
  | { readonly kind: "refused"; readonly message: string }
) & {
  readonly ms: number;
  /** Whether the session can run another file. */
  readonly isUsable: boolean;
};

export interface MutationRun {
  readonly suite: Suite;
  readonly mutants: readonly Mutant[];
  readonly openClone: () => Promise<ConnectionSpec>;
  /**
   * What a database is and holds, as a text: equal before the first damage and after the last, or nothing of the run
   * means anything.
   */
  readonly fingerprint: (client: DatabaseClient) => Promise<string>;
  /**
   * How many rows everybody sees and what they may do, as a text, in the transaction that is open on `client`. A damage that
   * no test notices and that changes this is a hole in the tests for certain.
   */
  readonly observe: (client: DatabaseClient) => Promise<string>;
  readonly jobs?: number | undefined;
  /** For a file, in milliseconds; without it, ten times what it takes without damage, and five seconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onVerdict: (mutant: Mutant, verdict: MutantVerdict) => void;
}

export type MutationOutcome =
  | { readonly kind: "ran"; readonly fileRuns: number }
  /** A test fails without any damage. */
  | { readonly kind: "not-green"; readonly path: string };

const FIRST_TIMEOUT_MS = 60_000;

/**
 * Tries every mutant: does the damage, runs the files until a test fails, and takes it back with the transaction. Workers
 * share nothing but the list. Without damage all files pass first, in the first worker's clone.
 * @throws TmDbError INTERRUPTED; what opening a clone throws. Error where a clone is not what it was, a defect.
 */
export async function runMutants(run: MutationRun): Promise<MutationOutcome> {
  return await new Runner(run).run();
}

class Runner {
  readonly #given: MutationRun;
  readonly #queue: Mutant[];
  readonly #history = new History();
  #files: readonly SuiteFile[] = [];
  #fingerprint = "";
  /** Undefined where nothing can be observed. */
  #observed: string | undefined;
  #fileRuns = 0;
  /** Clones are made over one connection, one after the other. */
  #opening: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(given: MutationRun) {
    this.#given = given;
    this.#queue = [...given.mutants];
  }

  async run(): Promise<MutationOutcome> {
    if (this.#queue.length === 0) return { kind: "ran", fileRuns: 0 };
    const first = await this.#openClone();
    const notGreen = await this.#begin(first);
    if (notGreen !== undefined) return { kind: "not-green", path: notGreen };
    const jobs = Math.min(this.#given.jobs ?? Math.min(availableParallelism(), 8), this.#queue.length);
    await Promise.all(
      Array.from({ length: jobs }, async (_, number) => await this.#work(number === 0 ? first : undefined)),
    );
    if (this.#failure !== undefined) throw this.#failure.error;
    return { kind: "ran", fileRuns: this.#fileRuns };
  }

  /** Runs every file without damage. Resolves with the path of one that fails. */
  async #begin(clone: ConnectionSpec): Promise<string | undefined> {
    const { suite, signal, fingerprint } = this.#given;
    return await withClient(clone, { signal }, async (client) => {
      await suite.prepareClone(client);
      this.#fingerprint = await fingerprint(client);
      await suite.prepareSession(client);
      const files: SuiteFile[] = [];
      for (const path of suite.paths) {
        const outcome = await suite.runFile(client, clone, { path, damage: undefined, timeoutMs: FIRST_TIMEOUT_MS });
        this.#stopIfAborted();
        if (outcome.kind !== "passed") return path;
        files.push({ path, ms: outcome.ms, tables: outcome.tables });
      }
      this.#files = files;
      this.#observed = await this.#observe(client, "");
      return undefined;
    });
  }

  async #work(prepared: ConnectionSpec | undefined): Promise<void> {
    try {
      const clone = prepared ?? (await this.#openClone());
      if (prepared === undefined) await this.#connect(clone, this.#given.suite.prepareClone);
      // A session that was lost is replaced by another one, in the same clone.
      let lost: number | undefined;
      while (this.#queue.length > 0 && this.#failure === undefined) {
        lost = await this.#connect(clone, async (client) => {
          await endSession(client, lost);
          return await this.#runQueue(client, clone);
        });
      }
      const left = await this.#connect(clone, async (client) => {
        await endSession(client, lost);
        return await this.#given.fingerprint(client);
      });
      if (left !== this.#fingerprint)
        throw new Error(`a damage stayed in ${clone.database}, so that verdicts mean nothing`);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  async #openClone(): Promise<ConnectionSpec> {
    const opened = this.#opening.then(async () => await this.#given.openClone());
    this.#opening = opened.catch(() => undefined);
    return await opened;
  }

  async #connect<T>(clone: ConnectionSpec, callback: (client: DatabaseClient) => Promise<T>): Promise<T> {
    return await withClient(clone, { signal: this.#given.signal }, callback);
  }

  /** Until nothing is left. Resolves with the process of the session when it is not usable any more. */
  async #runQueue(client: DatabaseClient, clone: ConnectionSpec): Promise<number | undefined> {
    await this.#given.suite.prepareSession(client);
    for (let mutant = this.#queue.shift(); mutant !== undefined; mutant = this.#queue.shift()) {
      const { verdict, isUsable } = await this.#try(client, clone, mutant);
      this.#given.onVerdict(mutant, verdict);
      if (!isUsable) return processOf(client);
      if (this.#failure !== undefined) return undefined;
    }
    return undefined;
  }

  async #try(
    client: DatabaseClient,
    clone: ConnectionSpec,
    mutant: Mutant,
  ): Promise<{ readonly verdict: MutantVerdict; readonly isUsable: boolean }> {
    const damage = { subject: subjectWords(mutant.subject), operator: mutant.operator, table: mutant.table };
    for (const { path, ms } of this.#history.order(this.#files, damage)) {
      const timeoutMs = this.#given.timeoutMs ?? 5000 + 10 * ms;
      const outcome = await this.#given.suite.runFile(client, clone, { path, damage: mutant.sql, timeoutMs });
      this.#stopIfAborted();
      this.#fileRuns += 1;
      const verdict = verdictOf(outcome, path);
      if (verdict?.kind !== "invalid") this.#history.add(damage, path, { noticed: verdict !== undefined });
      if (verdict === undefined) continue;
      return { verdict, isUsable: outcome.isUsable };
    }
    const observed = this.#observed === undefined ? undefined : await this.#observe(client, mutant.sql);
    const toldApart = observed === undefined ? null : observed !== this.#observed;
    return { verdict: { kind: "survived", toldApart }, isUsable: true };
  }

  /** After a damage, which is taken back. Undefined where it cannot be told. */
  async #observe(client: DatabaseClient, damage: string): Promise<string | undefined> {
    await client.query("begin");
    try {
      await client.query(damage);
      return await this.#given.observe(client);
    } catch (error) {
      if (isDatabaseError(error) || error instanceof TmDbError) {
        this.#stopIfAborted();
        return undefined;
      }
      throw error;
    } finally {
      await client.query("rollback").catch(() => undefined);
    }
  }

  #stopIfAborted(): void {
    if (this.#given.signal?.aborted === true) throw new TmDbError("INTERRUPTED", "interrupted");
  }
}

/** Undefined where the next file must tell. */
function verdictOf(outcome: FileOutcome, path: string): MutantVerdict | undefined {
  switch (outcome.kind) {
    case "passed":
      return undefined;
    case "failed":
      return { kind: "killed", by: outcome.by };
    case "timed-out":
      return { kind: "timed-out", path };
    case "refused":
      return { kind: "invalid", message: outcome.message };
  }
}

/** A session that its client gave up may still hold locks. */
async function endSession(client: DatabaseClient, pid: number | undefined): Promise<void> {
  if (pid !== undefined) await client.query("select pg_catalog.pg_terminate_backend($1, 5000)", [pid]);
}

function processOf(client: DatabaseClient): number | undefined {
  return (client as unknown as { readonly processID: number | null }).processID ?? undefined;
}
