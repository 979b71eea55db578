import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { KillingTest } from "../core/mutation-result.ts";
import type { SourceFile } from "../core/project-files.ts";
import { hasFailed, type TestFileResult } from "../core/test-result.ts";
import type { DatabaseClient } from "../db/client.ts";
import { runBatch } from "../db/run-batch.ts";
import type { FileOutcome, Suite } from "../mutate/run.ts";
import { type Batch, CLEAN_UP, splitBegin } from "../policytest/compose-batch.ts";
import { type FileRun, prepareSession, runTestFile } from "../policytest/run-file.ts";
import { runTestFiles } from "../policytest/run-files.ts";
import { stopAtFailure, titleOfFailure } from "../policytest/stop-at-failure.ts";
import type { Project } from "./context.ts";
import { composeScript, type TestDatabases } from "./test-database.ts";

interface ReadyFile {
  readonly file: SourceFile;
  /** As `tm-db test` runs it. */
  readonly whole: Batch;
  readonly begin: string;
  readonly rest: Batch;
}

/** The policy tests of a project, ready to be run again and again. */
export interface ProjectSuite extends Suite {
  readonly files: ReadonlyMap<string, ReadyFile>;
}

/** Puts every file together once. @throws TmDbError TEST_FILE_INVALID. */
export function composeSuite(project: Project, tests: readonly SourceFile[]): ProjectSuite {
  const files = new Map(
    tests.map((file) => {
      const whole = composeScript(project, file, "roll-back");
      return [file.path, { file, whole, ...splitBegin(whole) }] as const;
    }),
  );
  return {
    files,
    paths: [...files.keys()],
    prepareClone: stopAtFailure,
    prepareSession,
    runFile: async (client, clone, { path, damage, timeoutMs }) => {
      const ready = files.get(path);
      if (ready === undefined) throw new Error(`${path} is no file of the suite`);
      return await runDamaged(client, clone, { ...ready, damage, timeoutMs });
    },
  };
}

async function runDamaged(
  client: DatabaseClient,
  clone: ConnectionSpec,
  given: ReadyFile & { readonly damage: string | undefined; readonly timeoutMs: number },
): Promise<FileOutcome> {
  const startedAt = performance.now();
  const { error } = await runBatch(client, `${given.begin}${given.damage ?? ""}`);
  if (error !== undefined) {
    await runBatch(client, CLEAN_UP.join(";"));
    return { kind: "refused", message: error.message, ms: performance.now() - startedAt, isUsable: true };
  }
  const run = await runTestFile(client, clone, { file: given.file, batch: given.rest, timeoutMs: given.timeoutMs });
  return { ...verdictOf(run), ms: performance.now() - startedAt, isUsable: run.isUsable };
}

type Verdict =
  | { readonly kind: "passed"; readonly tables: ReadonlySet<string> }
  | { readonly kind: "failed"; readonly by: KillingTest }
  | { readonly kind: "timed-out" };

function verdictOf({ result, touched }: FileRun): Verdict {
  if (result.passed) return { kind: "passed", tables: new Set(touched.map(({ table }) => table)) };
  if (result.problems.some(({ kind }) => kind === "timeout")) return { kind: "timed-out" };
  return { kind: "failed", by: firstFailure(result) };
}

function firstFailure({ path, tests, problems }: TestFileResult): KillingTest {
  const failed = tests.find(hasFailed);
  if (failed !== undefined) return { path, line: failed.location?.line ?? null, title: failed.name };
  const [problem] = problems;
  const line = problem?.location?.line ?? null;
  return { path, line, title: (problem && (titleOfFailure(problem) ?? problem.message)) ?? "the file failed" };
}

/** Why the tests are not green without any damage, as `tm-db test` would say it. */
export async function failingTest(
  { options }: Project,
  given: { readonly databases: TestDatabases; readonly suite: ProjectSuite; readonly path: string },
): Promise<TmDbError> {
  const { databases, suite, path } = given;
  const ready = suite.files.get(path);
  if (ready === undefined) throw new Error(`${path} is no file of the suite`);
  const { results } = await runTestFiles([ready.file], {
    compose: () => ({ file: ready.file, batch: ready.whole }),
    openClone: async () => await databases.open(),
    jobs: 1,
    bail: true,
    timeoutMs: 60_000,
    signal: options.signal,
  });
  const tests = results.flatMap((result) => result.tests.filter(hasFailed));
  const problems = results.flatMap((result) => result.problems);
  return new TmDbError("TESTS_FAIL", `${path} fails without any damage, so its failures would say nothing`, {
    location: tests[0]?.location ?? problems[0]?.location,
    problems: [
      ...tests.map(({ name, number, location }) => ({
        message: `not ok ${number} ${name}`.trimEnd(),
        ...(location === null ? {} : { location }),
      })),
      ...problems.map(({ message, location }) => ({ message, location })),
    ],
    hint: `mend it first: npx tm-db test ${path}`,
  });
}
