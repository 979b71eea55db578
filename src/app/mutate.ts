import { createHash } from "node:crypto";
import type { DatabaseName, MutateResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { MutantResult, MutantVerdict } from "../core/mutation-result.ts";
import type { SourceFile } from "../core/project-files.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import type { FindDeclaration } from "../core/subject.ts";
import { subjectWords } from "../core/subject-words.ts";
import { withClient } from "../db/client.ts";
import { readDeclarations } from "../deploy/declared-at.ts";
import { changedSince } from "../files/changed-since.ts";
import { equivalentMutantsPath, readEquivalentMutants } from "../files/equivalent-mutants.ts";
import { type MutationProgress, openMutationProgress } from "../files/mutation-progress.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { readTestFiles } from "../files/read-tests.ts";
import { type Facts, readFacts } from "../mutate/facts.ts";
import { readFingerprint } from "../mutate/fingerprint.ts";
import { type Mutant, planMutants } from "../mutate/plan.ts";
import { runMutants } from "../mutate/run.ts";
import { countVerdicts, scoreOf, staleEntries, withReason } from "../mutate/score.ts";
import { skeletonOf } from "../mutate/skeleton.ts";
import { loadSqlTrees } from "../mutate/sql-tree.ts";
import { ensureStateDir } from "../server/state-file.ts";
import { type CommandOptions, openProject, type Project } from "./context.ts";
import { observeProject } from "./matrix.ts";
import { composeSuite, failingTest, type ProjectSuite } from "./mutation-suite.ts";
import { openServer } from "./open-server.ts";
import { parsePattern } from "./parse-pattern.ts";
import { type TestDatabases, withTestDatabases } from "./test-database.ts";

export interface MutateOptions extends CommandOptions {
  /** Only what was declared in files that differ from this commit, branch or tag. */
  readonly since?: string | undefined;
  /** Only damages whose name this regular expression finds, whatever the case. */
  readonly only?: string | undefined;
  /** In percent; 100 if not given. */
  readonly minScore?: number | undefined;
  /** How many databases to run on side by side; as many as processors if not given. */
  readonly jobs?: number | undefined;
  /** For one file of tests, in milliseconds; five seconds and ten times what it takes without damage if not given. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Damages every object of a project in all the ways that make sense, one at a time, in databases of its own, and runs the
 * policy tests: a damage that no test notices is a hole in them.
 * @throws TmDbError NO_TESTS; TESTS_FAIL where they fail without any damage; USAGE for a commit that is not there, or a
 * pattern that finds no damage at all; what building the databases throws. Survivors are a result.
 */
export async function mutate(options: MutateOptions): Promise<MutateResult> {
  const startedAt = performance.now();
  const project = openProject(options);
  const { config } = project;
  const only =
    options.only === undefined
      ? undefined
      : parsePattern(options.only, { option: "--only", example: "npx tm-db mutate --only 'policy .* on api.tasks'" });
  const list = readEquivalentMutants(config);
  const changed = options.since === undefined ? undefined : await changedSince(config.projectDir, options.since);
  const files = readProjectFiles(config);
  const { fixtures, tests } = await readTestFiles(config, { only: [], cwd: config.projectDir });
  if (tests.length === 0) {
    throw new TmDbError("NO_TESTS", `${config.paths.tests}/ holds no test, so nothing would be noticed`, {
      hint: `write one, such as ${config.paths.tests}/<table>.sql; docs/testing.md of the package tm-db says how`,
    });
  }
  const suite = composeSuite(project, tests);
  const target = await openServer(project);
  await loadSqlTrees();
  const find = await readDeclarations(files);
  return await withTestDatabases({ project, target, files, fixtures }, async (databases) => {
    const facts = await readFactsOf(project, databases);
    const all = planMutants(facts);
    const mutants = all.filter(
      (mutant) =>
        (changed === undefined || changed.has(placeOf(mutant, find)?.file ?? "")) &&
        (only === undefined || only.test(mutant.id)),
    );
    if (options.only !== undefined && !all.some(({ id }) => only?.test(id) === true)) {
      throw new TmDbError("USAGE", `--only ${options.only} finds none of the ${all.length} damages`, {
        hint: "name an object, such as: npx tm-db mutate --only api.tasks",
      });
    }
    const progress = openProgress(project, { databases, tests });
    const run = await tryAll(project, { mutants, suite, databases, progress, list });
    const verdicts = new Map([...run.verdicts].map(([id, verdict]) => [id, withReason(id, verdict, list)]));
    const results = mutants.map((mutant) => resultOf(mutant, { verdicts, facts, find }));
    progress.finish();
    const minScore = options.minScore ?? 100;
    const counts = countVerdicts(results);
    const score = scoreOf(counts);
    const stale = staleEntries(list, { all: new Set(all.map(({ id }) => id)), verdicts: run.verdicts });
    return {
      command: "mutate",
      server: databases.server satisfies DatabaseName,
      mutants: results,
      counts,
      score,
      minScore,
      stale,
      equivalentsPath: equivalentMutantsPath(config),
      since: options.since ?? null,
      resumed: run.resumed,
      fileRuns: run.fileRuns,
      passed: (score ?? 100) >= minScore && stale.length === 0,
      ms: performance.now() - startedAt,
    };
  });
}

async function readFactsOf({ config, options }: Project, databases: TestDatabases): Promise<Facts> {
  const clone = await databases.open();
  const facts = await withClient(
    clone,
    { signal: options.signal },
    async (client) => await readFacts(client, config.roles.authenticator),
  );
  databases.keep(clone);
  return facts;
}

function placeOf({ subject, declaredAs }: Mutant, find: FindDeclaration): ReturnType<FindDeclaration> {
  return find(declaredAs ?? subject);
}

/** What an interrupted run found holds for the same database, tests, time limit and version of tm-db. */
function openProgress(
  { config, options }: Project,
  { databases, tests }: { readonly databases: TestDatabases; readonly tests: readonly SourceFile[] },
): MutationProgress {
  const hash = createHash("sha256");
  const { timeoutMs } = options as MutateOptions;
  // The template's name holds a hash of all that it is made of. What is too slow depends on the time that it had.
  hash.update(JSON.stringify([databases.template.name, timeoutMs, tests.map(({ path, text }) => [path, text])]));
  return openMutationProgress(() => ensureStateDir(config.projectDir), hash.digest("hex").slice(0, 16));
}

interface TriedAll {
  readonly verdicts: ReadonlyMap<string, MutantVerdict>;
  readonly resumed: number;
  readonly fileRuns: number;
}

async function tryAll(
  project: Project,
  given: {
    readonly mutants: readonly Mutant[];
    readonly suite: ProjectSuite;
    readonly databases: TestDatabases;
    readonly progress: MutationProgress;
    readonly list: ReturnType<typeof readEquivalentMutants>;
  },
): Promise<TriedAll> {
  const { mutants, suite, databases, progress, list } = given;
  const { signal, onEvent, jobs, timeoutMs } = project.options as MutateOptions;
  const verdicts = new Map<string, MutantVerdict>();
  for (const { id } of mutants) {
    const verdict = progress.earlier.get(id);
    if (verdict !== undefined) verdicts.set(id, verdict);
  }
  const resumed = verdicts.size;
  const startedAt = performance.now();
  try {
    const outcome = await runMutants({
      suite,
      mutants: mutants.filter(({ id }) => !verdicts.has(id)),
      openClone: async () => await databases.open(),
      fingerprint: readFingerprint,
      // What the attempts came to, and not what the policies say of themselves.
      observe: async (client) => JSON.stringify((await observeProject(client, quiet(project))).cells),
      jobs,
      timeoutMs,
      signal,
      onVerdict: ({ id }, verdict) => {
        verdicts.set(id, verdict);
        progress.add(id, verdict);
        const [done, of] = [verdicts.size, mutants.length];
        const msLeft = ((performance.now() - startedAt) / (done - resumed)) * (of - done);
        const survived = [...verdicts].filter(
          ([name, found]) => withReason(name, found, list).kind === "survived",
        ).length;
        onEvent({ kind: "mutated", done, of, survived, msLeft });
      },
    });
    if (outcome.kind === "not-green") throw await failingTest(project, { databases, suite, path: outcome.path });
    return { verdicts, resumed, fileRuns: outcome.fileRuns };
  } catch (error) {
    if (!(error instanceof TmDbError) || error.code !== "INTERRUPTED") throw error;
    const found = `${verdicts.size} of ${mutants.length} damages were tried`;
    throw error.with({
      message:
        progress.problem === undefined
          ? `interrupted: ${found}, and the next run goes on from there; no database is left behind`
          : `interrupted: ${found}; no database is left behind`,
      hint: `go on: npx tm-db mutate${chosenDamages(project.options)}`,
    });
  }
}

/** The options that say which damages are tried, as they are typed. */
function chosenDamages({ since, only }: MutateOptions): string {
  const words = [
    ...(since === undefined ? [] : ["--since", quoteForShell(since)]),
    ...(only === undefined ? [] : ["--only", quoteForShell(only)]),
  ];
  return words.map((word) => ` ${word}`).join("");
}

/** Without telling each persona. */
function quiet(project: Project): Project {
  return { ...project, options: { ...project.options, onEvent: () => undefined } };
}

function resultOf(
  mutant: Mutant,
  given: {
    readonly verdicts: ReadonlyMap<string, MutantVerdict>;
    readonly facts: Facts;
    readonly find: FindDeclaration;
  },
): MutantResult {
  const { id, operator, subject, before, after, sql } = mutant;
  const verdict = given.verdicts.get(id);
  if (verdict === undefined) throw new Error(`${id} has no verdict`);
  return {
    id,
    operator,
    subject: subjectWords(subject),
    before,
    after,
    sql,
    location: placeOf(mutant, given.find) ?? null,
    verdict,
    skeleton: verdict.kind === "survived" ? skeletonOf(mutant, given.facts) : null,
  };
}
