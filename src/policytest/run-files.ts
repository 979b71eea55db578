import { availableParallelism } from "node:os";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { SourceFile } from "../core/project-files.ts";
import type { TestFileResult, TouchedSummary } from "../core/test-result.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { type FileRun, prepareSession, runTestFile, type TestScript } from "./run-file.ts";
import { readSequences, restoreSequences } from "./sequences.ts";
import { summariseTouched, type Touched } from "./touched.ts";

export interface RunOptions {
  /** Makes a file ready to run, or says why it cannot be. Called once for each, while the server runs the one before. */
  readonly compose: (file: SourceFile) => TestScript | TestFileResult;
  /** Makes a database that nobody else uses. */
  readonly openClone: () => Promise<ConnectionSpec>;
  /** How many databases wait to be opened: so many workers begin at once. One if not given. */
  readonly ready?: number | undefined;
  /** Is told of a database that is again as it was opened, and that nobody is connected to any more. */
  readonly onUnchanged?: ((clone: ConnectionSpec) => void) | undefined;
  /** How many databases at most; as many as processors if not given. */
  readonly jobs?: number | undefined;
  /** End after the first file that fails. */
  readonly bail: boolean;
  /** For one file, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onFile?:
    ((result: TestFileResult, progress: { readonly done: number; readonly of: number }) => void) | undefined;
}

export interface FilesRun {
  /** In the order in which they ended. */
  readonly results: readonly TestFileResult[];
  readonly notRun: readonly SourceFile[];
  readonly summary: TouchedSummary;
}

/** What another worker takes until it has caught up: less work than that is done sooner without it. */
const WORKER_COST_MS = 150;

/**
 * Runs files side by side, each worker over one connection to a database of its own. Workers are added while there is
 * more to do than making a database for another one would take.
 * @throws TmDbError INTERRUPTED; CONNECTION_REFUSED and the like when the server is gone.
 */
export async function runTestFiles(files: readonly SourceFile[], options: RunOptions): Promise<FilesRun> {
  return await new FilesRunner(files, options).run();
}

class FilesRunner {
  readonly #options: RunOptions;
  readonly #jobs: number;
  readonly #total: number;
  readonly #results: TestFileResult[] = [];
  readonly #touched: Touched[] = [];
  readonly #workers: Promise<void>[] = [];
  readonly #queue: SourceFile[];
  readonly #composed = new Map<SourceFile, TestScript | TestFileResult>();
  #notRun: readonly SourceFile[] = [];
  #spentMs = 0;
  #isOpening = false;
  /** Workers that have not come to the end of the queue yet. */
  #active = 0;
  #summary: TouchedSummary = { policies: 0, roles: [], commands: [], untouched: [] };
  /** Why the run as a whole failed, wrapped since anything may be thrown. */
  #failure: { readonly error: unknown } | undefined;

  constructor(files: readonly SourceFile[], options: RunOptions) {
    this.#queue = [...files];
    this.#options = options;
    this.#total = files.length;
    this.#jobs = Math.max(1, options.jobs ?? Math.min(availableParallelism(), 8));
  }

  async run(): Promise<FilesRun> {
    const ready = Math.min(this.#options.ready ?? 1, this.#jobs, this.#total);
    do this.#addWorker();
    while (this.#workers.length < ready);
    // A worker may add another one while it is waited for.
    for (let index = 0; index < this.#workers.length; index += 1) await this.#workers[index];
    if (this.#failure !== undefined) throw this.#failure.error;
    return { results: this.#results, notRun: this.#notRun, summary: this.#summary };
  }

  #addWorker(): void {
    this.#isOpening = true;
    this.#active += 1;
    const work = this.#work().catch((error: unknown) => {
      this.#failure ??= { error };
      this.#stop();
    });
    this.#workers.push(work);
  }

  async #work(): Promise<void> {
    const spec = await this.#options.openClone();
    let lostPid: number | undefined;
    let isUnchanged = true;
    do {
      lostPid = await withClient(spec, { signal: this.#options.signal }, async (client) => {
        this.#isOpening = false;
        if (lostPid !== undefined) {
          isUnchanged = false;
          await endSession(client, lostPid);
        }
        const sequences = await readSequences(client);
        await prepareSession(client);
        const lost = await this.#runQueue(client, spec);
        if (lost === undefined) isUnchanged &&= await restoreSequences(client, sequences);
        return lost;
      });
    } while (lostPid !== undefined);
    if (isUnchanged) this.#options.onUnchanged?.(spec);
  }

  /** Resolves with the process of the session when it is not usable any more. */
  async #runQueue(client: DatabaseClient, spec: ConnectionSpec): Promise<number | undefined> {
    const pid = (client as unknown as { readonly processID: number | null }).processID ?? undefined;
    for (let file = this.#queue.shift(); file !== undefined; file = this.#queue.shift()) {
      const script = this.#compose(file);
      if ("tap" in script) {
        this.#record({ result: script, touched: [], bailOut: null, isUsable: true });
        continue;
      }
      const running = runTestFile(client, spec, { ...script, timeoutMs: this.#options.timeoutMs });
      this.#composeNext();
      const run = await running;
      if (this.#options.signal?.aborted === true)
        throw new TmDbError("INTERRUPTED", "interrupted; nothing is left behind");
      this.#record(run);
      if (!run.isUsable) return pid ?? 0;
      if (this.#isWorthAnother()) this.#addWorker();
    }
    this.#active -= 1;
    // Every clone has the same policies; the last worker knows all that was touched.
    if (this.#active === 0) this.#summary = await summariseTouched(client, this.#touched);
    return undefined;
  }

  #compose(file: SourceFile): TestScript | TestFileResult {
    const composed = this.#composed.get(file) ?? this.#options.compose(file);
    this.#composed.set(file, composed);
    return composed;
  }

  #composeNext(): void {
    const [next] = this.#queue;
    if (next === undefined) return;
    try {
      this.#compose(next);
    } catch {
      // It is said when the file's turn comes.
    }
  }

  #record({ result, touched, bailOut }: FileRun): void {
    this.#results.push(result);
    this.#touched.push(...touched);
    this.#spentMs += result.ms;
    this.#options.onFile?.(result, { done: this.#results.length, of: this.#total });
    if (bailOut !== null || (this.#options.bail && !result.passed)) this.#stop();
  }

  #stop(): void {
    this.#notRun = [...this.#notRun, ...this.#queue.splice(0)];
  }

  #isWorthAnother(): boolean {
    if (this.#isOpening || this.#workers.length >= this.#jobs) return false;
    const ahead = (this.#queue.length * this.#spentMs) / this.#results.length / this.#workers.length;
    return ahead > WORKER_COST_MS;
  }
}

/** A session that its client gave up may still hold locks. */
async function endSession(client: DatabaseClient, pid: number): Promise<void> {
  await client.query("select pg_catalog.pg_terminate_backend($1, 5000)", [pid]);
}
