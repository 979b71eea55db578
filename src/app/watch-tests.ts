import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Config } from "../config/config.ts";
import type { TestResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { watchFolders } from "../files/watch-folders.ts";
import { openProject } from "./context.ts";
import { withStandby } from "./standby-databases.ts";
import { openServer } from "./open-server.ts";
import { prepareRun, test, type TestOptions } from "./test.ts";

export interface WatchListener {
  readonly onResult: (result: TestResult) => void;
  /** What kept a run from happening, such as a policy that PostgreSQL refuses; watching goes on. */
  readonly onFailure: (failure: unknown) => void;
}

/** Editors write a file in several steps; what comes within this time is one change. */
const SETTLE_MS = 40;

/**
 * Runs the tests, and again what a saved file touches: a test file itself; anything else of the project, all of them, on
 * databases that have it: those that name it come first. Goes on until the signal.
 * @throws TmDbError INTERRUPTED at the signal; what reading the settings throws.
 */
export async function watchTests(options: TestOptions, listener: WatchListener): Promise<never> {
  const { config } = openProject(options);
  const changes = new Changes(config, options.signal);
  try {
    for (let next = options; ;) {
      const isBuilt = await attempt(listener, async () => listener.onResult(await test(next)));
      const changed = isBuilt ? await watchOnStandby(options, { changes, listener }) : await changes.next();
      next = optionsFor(changed, options, config);
    }
  } finally {
    changes.close();
  }
}

/** Runs tests on databases that stand by, until a change that those cannot follow: an applied migration, the settings. */
async function watchOnStandby(
  options: TestOptions,
  { changes, listener }: { readonly changes: Changes; readonly listener: WatchListener },
): Promise<ReadonlySet<string>> {
  let unserved: ReadonlySet<string> | undefined;
  await attempt(listener, async () => {
    const held = await prepareRun(options);
    unserved = await withStandby({ target: await openServer(held.project), held }, async (standby) => {
      for (;;) {
        const changed = await changes.next();
        let isServed = true;
        await attempt(listener, async () => {
          const startedAt = performance.now();
          const run = await prepareRun(optionsFor(changed, options, held.project.config));
          isServed = standby.serves(run);
          if (isServed) listener.onResult(await standby.test(run, startedAt));
        });
        if (!isServed || standby.isLost()) return changed;
      }
    });
  });
  return unserved ?? (await changes.next());
}

/** Whether it went well; what kept a run from happening is told, and watching goes on. */
async function attempt({ onFailure }: WatchListener, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (error instanceof TmDbError && error.code === "INTERRUPTED") throw error;
    onFailure(error);
    return false;
  }
}

function optionsFor(changed: ReadonlySet<string>, options: TestOptions, config: Config): TestOptions {
  const only = onlyTests(changed, config);
  if (only === undefined) return { ...options, first: [...changed] };
  return { ...options, only, cwd: config.projectDir, pattern: undefined };
}

/** The test files that changed, if nothing else did; fixtures are something else. */
function onlyTests(changed: ReadonlySet<string>, config: Config): readonly string[] | undefined {
  const isTest = (path: string): boolean =>
    path.startsWith(`${config.paths.tests}/`) && path.endsWith(".sql") && !basename(path).startsWith("_");
  const isThere = (path: string): boolean => existsSync(join(config.projectDir, path));
  return [...changed].every((path) => isTest(path) && isThere(path)) ? [...changed] : undefined;
}

/** Of the folder itself only the settings: what else lies there is not the project's. */
function isOfProject(path: string, folders: readonly string[]): boolean {
  if (!path.includes("/")) return path.endsWith(".json");
  // Editors' own files: `.x.swp`, `x~`, `4913`.
  const isSource = /\.(sql|[cm]?[jt]s)$/.test(path) && !basename(path).startsWith(".");
  return isSource && folders.some((folder) => path.startsWith(`${folder}/`));
}

/** The files of a project that were written since they were last asked for. */
class Changes {
  readonly #watched: { readonly close: () => void };
  readonly #signal: AbortSignal | undefined;
  #changed = new Set<string>();
  #wake: () => void = () => undefined;

  constructor({ projectDir, paths }: Config, signal: AbortSignal | undefined) {
    const folders = Object.values<string>({ ...paths });
    this.#signal = signal;
    this.#watched = watchFolders(projectDir, {
      folders,
      onChange: (path) => {
        if (isOfProject(path, folders)) this.#add(path);
      },
    });
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Resolves when files have changed and no further change comes at once. */
  async next(): Promise<ReadonlySet<string>> {
    while (this.#changed.size === 0) {
      this.#throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    this.#throwIfAborted();
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#watched.close();
  }

  readonly #onAbort = (): void => {
    this.#wake();
  };

  #add(path: string): void {
    this.#changed.add(path);
    this.#wake();
  }

  #throwIfAborted(): void {
    if (this.#signal?.aborted === true) throw new TmDbError("INTERRUPTED", "interrupted; nothing is left behind");
  }
}
