import { randomInt } from "node:crypto";
import type { TestResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { ProjectFiles, SourceFile } from "../core/project-files.ts";
import { hasFailed, type TestCounts, type TestFileResult } from "../core/test-result.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { readTestFiles } from "../files/read-tests.ts";
import { namingFirst, shuffle } from "../policytest/order.ts";
import { loadTap, type TestScript } from "../policytest/run-file.ts";
import { type FilesRun, runTestFiles } from "../policytest/run-files.ts";
import { type CommandOptions, openProject, type Project } from "./context.ts";
import { openServer } from "./open-server.ts";
import { parsePattern } from "./parse-pattern.ts";
import { composeScript, type TestDatabases, withTestDatabases } from "./test-database.ts";

export interface TestOptions extends CommandOptions {
  /** Files and folders, as seen from `cwd`; all tests if not given. */
  readonly only?: readonly string[] | undefined;
  /** The folder that `only` is seen from; the project's if not given. */
  readonly cwd?: string | undefined;
  /** Run only files whose path or text this regular expression finds, whatever the case. */
  readonly pattern?: string | undefined;
  /** @internal Files of the project, relative to it: tests that name what one of them declares run before the others. */
  readonly first?: readonly string[] | undefined;
  /** How many databases to run on side by side; as many as processors if not given. */
  readonly jobs?: number | undefined;
  /** End after the first file that fails. */
  readonly bail?: boolean | undefined;
  /** Run in the order that this seed decides; `random` draws one. */
  readonly seed?: number | "random" | undefined;
  /** For one file, in milliseconds; 60 000 if not given. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;

/**
 * Runs the policy tests of a project on databases of their own, beside the target's on the same server. Nothing of them
 * stays but the template, which the next run needs.
 * @throws TmDbError NO_TESTS; USAGE; what building the template throws. That tests fail is a result.
 */
export async function test(options: TestOptions): Promise<TestResult> {
  const startedAt = performance.now();
  const run = await prepareRun(options);
  const target = await openServer(run.project);
  // While the server lets us in.
  setImmediate(() => void loadTap());
  return await withTestDatabases({ ...run, target }, async (databases) => await runOn(databases, run, startedAt));
}

/** What a run is about, read from the files. */
export interface PreparedRun {
  readonly project: Project;
  readonly options: TestOptions;
  readonly files: ProjectFiles;
  readonly fixtures: readonly SourceFile[];
  /** In the order in which they run. */
  readonly tests: readonly SourceFile[];
  /** What decided that order. */
  readonly seed: number | null;
}

/** @throws TmDbError NO_TESTS; USAGE; what is wrong with the settings and the files. */
export async function prepareRun(options: TestOptions): Promise<PreparedRun> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  const { fixtures, tests } = await readTestFiles(project.config, {
    only: options.only ?? [],
    cwd: options.cwd ?? options.projectDir,
  });
  const chosen = choose(tests, options, project);
  const seed = options.seed === "random" ? randomInt(2 ** 32) : (options.seed ?? null);
  const ordered = seed === null ? namingFirst(chosen, options.first ?? []) : shuffle(chosen, seed);
  return { project, options, files, fixtures, tests: ordered, seed };
}

/** Runs the tests on databases that have the run's files and fixtures. `startedAt`: by `performance.now()`. */
export async function runOn(databases: TestDatabases, run: PreparedRun, startedAt: number): Promise<TestResult> {
  const { project, options, tests, seed } = run;
  const outcome = await runAll(project, databases, { ordered: tests, options });
  const narrowed = (options.only ?? []).length > 0 || options.pattern !== undefined;
  return resultOf(outcome, { databases, narrowed, seed, ms: performance.now() - startedAt });
}

function choose(tests: readonly SourceFile[], { pattern }: TestOptions, { config }: Project): readonly SourceFile[] {
  if (tests.length === 0) {
    throw new TmDbError("NO_TESTS", `${config.paths.tests}/ holds no test`, {
      hint: `write one, such as ${config.paths.tests}/tasks.sql; docs/testing.md of the package tm-db says how`,
    });
  }
  if (pattern === undefined) return tests;
  const expression = parsePattern(pattern, { option: "-t", example: "npx tm-db test -t 'cannot (see|delete)'" });
  const found = tests.filter(({ path, text }) => expression.test(path) || expression.test(text));
  if (found.length > 0) return found;
  throw new TmDbError("NO_TESTS", `no test file has ${pattern} in its path or text`, {
    hint: "npx tm-db test   runs all",
  });
}

async function runAll(
  project: Project,
  databases: TestDatabases,
  { ordered, options }: { readonly ordered: readonly SourceFile[]; readonly options: TestOptions },
): Promise<FilesRun> {
  const { signal, onEvent } = options;
  return await runTestFiles(ordered, {
    compose: (file) => compose(project, file),
    openClone: async () => await databases.open(),
    ready: databases.ready,
    onUnchanged: (clone) => databases.keep(clone),
    jobs: options.jobs,
    bail: options.bail === true,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    signal,
    onFile: ({ path, passed }, { done, of }) => onEvent({ kind: "tested", path, passed, done, of }),
  });
}

/** A file that cannot be put together fails by itself; the others run. */
function compose(project: Project, file: SourceFile): TestScript | TestFileResult {
  try {
    return { file, batch: composeScript(project, file, "roll-back") };
  } catch (error) {
    if (!(error instanceof TmDbError) || error.code !== "TEST_FILE_INVALID") throw error;
    const problems = error.problems.map((problem) => ({ kind: "refused" as const, ...problem }));
    const nothing = { tests: [], planned: null, skippedAll: null, tap: [], ms: 0 };
    return { path: file.path, passed: false, problems, ...nothing };
  }
}

function resultOf(
  { results, notRun, summary }: FilesRun,
  given: {
    readonly databases: TestDatabases;
    readonly narrowed: boolean;
    readonly seed: number | null;
    readonly ms: number;
  },
): TestResult {
  const files = results.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    command: "test",
    server: given.databases.server,
    template: given.databases.template,
    files,
    notRun: notRun.map(({ path }) => path).toSorted(),
    counts: count(files),
    touched: summary,
    narrowed: given.narrowed,
    seed: given.seed,
    passed: notRun.length === 0 && files.every(({ passed }) => passed),
    ms: given.ms,
  };
}

function count(files: readonly TestFileResult[]): TestCounts {
  const tests = files.flatMap((file) => file.tests);
  return {
    files: files.length,
    failedFiles: files.filter(({ passed }) => !passed).length,
    tests: tests.length,
    failed: tests.filter(hasFailed).length,
    skipped: tests.filter(({ skip }) => skip !== null).length,
    todo: tests.filter(({ todo }) => todo !== null).length,
  };
}
