import { availableParallelism } from "node:os";
import type { TestResult } from "../core/command-result.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { withClient } from "../db/client.ts";
import type { Batch } from "../policytest/compose-batch.ts";
import type { Target } from "./context.ts";
import { type PreparedRun, runOn } from "./test.ts";
import { composeScript, deployForTests, loadFixtures, type TestDatabases, withTestDatabases } from "./test-database.ts";

/**
 * Databases for a run that shall begin as soon as a file is saved. While nobody waits, clones are made of the project as
 * it is in `held`, without fixtures. A run then deploys to them what was saved since, as to any
 * other database, and loads the fixtures, which takes a tenth of a second where a new template takes one.
 */
export interface Standby {
  /** Whether a deployment leads from what the clones hold to the files of a run. */
  serves(run: PreparedRun): boolean;
  /** Whether the server has gone away: nothing stands by any more. */
  isLost(): boolean;
  /** Runs tests that it serves. `startedAt`: by `performance.now()`. @throws TmDbError as `test` does. */
  test(run: PreparedRun, startedAt: number): Promise<TestResult>;
}

/** All databases but the template of the clones are dropped when `callback` ends, in whatever way. */
export async function withStandby<T>(
  { target, held }: { readonly target: Target; readonly held: PreparedRun },
  callback: (standby: Standby) => Promise<T>,
): Promise<T> {
  const searchPath = await usualSearchPath(target);
  const input = { ...held, target, fixtures: [], purpose: "watch" };
  return await withTestDatabases(input, async (base) => {
    const standby = new Clones({ base, target, held, searchPath });
    try {
      return await callback(standby);
    } finally {
      await standby.settled();
    }
  });
}

/** What a deployment finds on a database of the server; clones for tests have another one. */
async function usualSearchPath({ maintenance }: Target): Promise<string> {
  return await withClient(maintenance, {}, async (client) => {
    const { rows } = await client.query<{ readonly path: string }>(
      "select pg_catalog.current_setting('search_path') as path",
    );
    return rows[0]?.path ?? "";
  });
}

interface Given {
  readonly base: TestDatabases;
  readonly target: Target;
  /** Whose files the clones hold. */
  readonly held: PreparedRun;
  readonly searchPath: string;
}

class Clones implements Standby {
  readonly #given: Given;
  readonly #wanted = Math.min(availableParallelism(), 8);
  /** As the base is. */
  #spares: Promise<ConnectionSpec>[] = [];
  /** As a run left them: deployed, with fixtures, and unchanged by its tests. */
  #ready: { readonly contents: string; clones: ConnectionSpec[] } = { contents: "", clones: [] };
  #work: Promise<unknown> = Promise.resolve();
  #isLost = false;

  constructor(given: Given) {
    this.#given = given;
    this.#makeSpares();
  }

  serves({ project, files }: PreparedRun): boolean {
    const { held } = this.#given;
    const isSame = held.files.migrations.every(({ path, checksum }, index) => {
      const now = files.migrations[index];
      return now?.path === path && now.checksum === checksum;
    });
    return isSame && JSON.stringify(project.config) === JSON.stringify(held.project.config);
  }

  isLost(): boolean {
    return this.#isLost;
  }

  async test(run: PreparedRun, startedAt: number): Promise<TestResult> {
    const fixtures = run.fixtures.map((file) => composeScript(run.project, file, "commit"));
    const contents = contentsOf(run.files, fixtures);
    if (contents !== this.#ready.contents) {
      this.#drop(this.#ready.clones);
      this.#ready = { contents, clones: [] };
    }
    const prepare = async (clone: Promise<ConnectionSpec>): Promise<ConnectionSpec> =>
      await this.#prepare(await clone, run, fixtures);
    // All at once: each waits for the server most of the time.
    const prepared = this.#ready.clones.length > 0 ? [] : this.#spares.splice(0).map(prepare);
    // The first that fails is said; the others fail in the same way.
    for (const made of prepared) made.catch(() => undefined);
    const kept = new Set<ConnectionSpec>();
    const used: ConnectionSpec[] = [];
    const { base } = this.#given;
    const databases: TestDatabases = {
      ...base,
      ready: prepared.length + this.#ready.clones.length,
      open: async () => {
        const clone = this.#ready.clones.pop() ?? (await (prepared.shift() ?? prepare(base.open())));
        used.push(clone);
        return clone;
      },
      keep: (clone) => kept.add(clone),
    };
    try {
      return await runOn(databases, run, startedAt);
    } finally {
      const unused = (await Promise.allSettled(prepared)).flatMap((made) =>
        made.status === "fulfilled" ? [made.value] : [],
      );
      this.#ready.clones.push(...unused, ...kept);
      this.#drop(used.filter((clone) => !kept.has(clone)));
      this.#makeSpares();
    }
  }

  /** Resolves when nothing is being made or dropped any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#work, ...this.#spares]);
  }

  async #prepare(clone: ConnectionSpec, run: PreparedRun, fixtures: readonly Batch[]): Promise<ConnectionSpec> {
    const { target, searchPath } = this.#given;
    const { project, files } = run;
    try {
      await withClient(clone, { signal: run.options.signal }, async (client) => {
        await client.query("select pg_catalog.set_config('search_path', $1, false)", [searchPath]);
        await deployForTests(client, { project, target, files }, clone);
        await client.query("reset search_path");
        await loadFixtures(client, fixtures);
      });
      return clone;
    } catch (error) {
      this.#drop([clone]);
      throw error;
    }
  }

  #makeSpares(): void {
    while (this.#spares.length < this.#wanted) {
      const spare = this.#given.base.open();
      spare.catch(() => {
        this.#isLost = true;
      });
      this.#spares.push(spare);
    }
  }

  #drop(clones: readonly ConnectionSpec[]): void {
    const dropped = clones.map(async (clone) => await this.#given.base.drop(clone));
    this.#work = Promise.allSettled([this.#work, ...dropped]);
  }
}

/** Stands for everything that a clone holds once it is prepared. */
function contentsOf(files: ProjectFiles, fixtures: readonly Batch[]): string {
  const sources = [...files.migrations, ...files.repeatables].map(({ path, checksum }) => [path, checksum]);
  return JSON.stringify([sources, fixtures.map(({ sql }) => sql)]);
}
