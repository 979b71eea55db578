import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MatrixFileResult, MatrixResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { LocatedChange, Matrix, MatrixChange } from "../core/matrix.ts";
import { MATRIX_JSON, matrixJson, parseMatrix } from "../core/matrix-document.ts";
import type { FindDeclaration, Subject } from "../core/subject.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { readTestFiles } from "../files/read-tests.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { causesOf, compareMatrices } from "../matrix/compare.ts";
import { observeMatrix } from "../matrix/observe.ts";
import { readCalls, readPersonas } from "../matrix/personas.ts";
import { readSequences, restoreSequences } from "../policytest/sequences.ts";
import { type CommandOptions, openProject, type Project } from "./context.ts";
import { openServer } from "./open-server.ts";
import { type TestDatabases, withTestDatabases } from "./test-database.ts";

export interface MatrixOptions extends CommandOptions {
  /** Write nothing, and answer whether the files hold what was observed. */
  readonly check?: boolean | undefined;
  /** The files that hold a matrix, by their names in the folder of the policy tests; its JSON alone if not given. */
  readonly documents?: Readonly<Record<string, (matrix: Matrix) => string>> | undefined;
}

/**
 * Lets everybody whom the fixtures make try everything that the API exposes, on a database of its own beside the target's,
 * and compares what came out with the committed matrix. Without `check`, writes it.
 * @throws TmDbError NOTHING_EXPOSED; IMPERSONATION_REFUSED; MATRIX_INVALID; FILE_UNWRITABLE; what building the template throws.
 */
export async function matrix(options: MatrixOptions): Promise<MatrixResult> {
  const startedAt = performance.now();
  const project = openProject(options);
  refuseNoSchema(project);
  const committed = readCommitted(project, options.check === true);
  const files = readProjectFiles(project.config);
  const { fixtures } = await readTestFiles(project.config, { only: [], cwd: options.projectDir });
  const target = await openServer(project);
  return await withTestDatabases({ project, target, files, fixtures }, async (databases) => {
    const observed = await observe(project, databases);
    refuseNothing(project, observed);
    const changes = committed === undefined ? [] : compareMatrices(committed, observed);
    const documents = settle(project, options, observed);
    const find = changes.length === 0 ? undefined : await declarations(files);
    return {
      command: "matrix",
      server: databases.server,
      matrix: observed,
      compared: committed !== undefined,
      changes: changes.map((change) => locate(change, causesOf(change, committed ?? observed, observed), find)),
      files: documents,
      checked: options.check === true,
      holds: options.check !== true || documents.every(({ state }) => state === "unchanged"),
      ms: performance.now() - startedAt,
    };
  });
}

function refuseNoSchema({ config }: Project): void {
  if (config.exposedSchemas.length > 0) return;
  throw new TmDbError("NOTHING_EXPOSED", "no schema is exposed, so nobody can do anything", {
    hint: 'name what PostgREST serves in tm-db.config.json: "exposedSchemas": ["api"]',
  });
}

function refuseNothing({ config }: Project, { relations, functions }: Matrix): void {
  if (relations.length + functions.length > 0) return;
  throw new TmDbError(
    "NOTHING_EXPOSED",
    `the files put no table, view or function into ${config.exposedSchemas.join(", ")}`,
    { hint: "name what PostgREST serves in exposedSchemas of tm-db.config.json" },
  );
}

/** Where nothing is committed yet, there is nothing to compare with. What is no matrix will be written anew, or is an error. */
function readCommitted(project: Project, check: boolean): Matrix | undefined {
  const path = `${project.config.paths.tests}/${MATRIX_JSON}`;
  const text = readText(join(project.config.projectDir, path));
  if (text === undefined) return undefined;
  const found = parseMatrix(text);
  if (found === undefined && check) {
    throw new TmDbError("MATRIX_INVALID", `${path} holds no matrix that this version of tm-db can read`, {
      hint: "after a conflict, or from another version: npx tm-db matrix writes it anew",
    });
  }
  return found;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function observe(project: Project, databases: TestDatabases): Promise<Matrix> {
  const { options } = project;
  const clone = await databases.open();
  const { observed, isUnchanged } = await withClient(clone, { signal: options.signal }, async (client) => {
    const sequences = await readSequences(client);
    const observed = await observeProject(client, project);
    return { observed, isUnchanged: await restoreSequences(client, sequences) };
  });
  if (isUnchanged) databases.keep(clone);
  return observed;
}

/** The matrix of a project's personas, on a clone of its template. */
export async function observeProject(client: DatabaseClient, { config, options }: Project): Promise<Matrix> {
  const { exposedSchemas, extraSearchPath, preRequest, roles, matrix: chosen } = config;
  return await observeMatrix(client, {
    api: { schemas: exposedSchemas, extraSearchPath, preRequest },
    authenticator: roles.authenticator,
    personas: await readPersonas(client, { anonymousRole: roles.anonymous, only: chosen.personas }),
    calls: await readCalls(client),
    people: chosen.people,
    claim: chosen.claim,
    memberships: chosen.memberships,
    onPersona: (persona, { done, of }) => options.onEvent({ kind: "observed", persona, done, of }),
  });
}

/** Writes the documents, or says which of them hold something else. */
function settle(
  { config }: Project,
  { check, documents = { [MATRIX_JSON]: matrixJson } }: MatrixOptions,
  observed: Matrix,
): MatrixFileResult[] {
  return Object.entries(documents).map(([name, render]) => {
    const path = `${config.paths.tests}/${name}`;
    const file = join(config.projectDir, path);
    const [before, text] = [readText(file), render(observed)];
    if (before === text) return { path, state: "unchanged" };
    if (check === true) return { path, state: before === undefined ? "missing" : "differs" };
    writeWholeFile(config, path, text, "to look without writing: npx tm-db matrix --check");
    return { path, state: "written" };
  });
}

/** Loads PostgreSQL's parser, which only a difference needs. */
async function declarations(files: ReturnType<typeof readProjectFiles>): Promise<FindDeclaration> {
  return await (await import("../deploy/declared-at.ts")).readDeclarations(files);
}

function locate(change: MatrixChange, causes: readonly Subject[], find: FindDeclaration | undefined): LocatedChange {
  const found = causes.flatMap((subject) => {
    const location = find?.(subject);
    return location === undefined ? [] : [{ what: wordSubject(subject), location }];
  });
  return { ...change, causes: found };
}

function wordSubject(subject: Subject): string {
  switch (subject.kind) {
    case "policy":
      return `policy ${subject.name}`;
    case "grant":
      return `grant ${subject.privilege} to ${subject.grantee}`;
    case "row-security":
      return "row level security";
    default:
      return subject.name;
  }
}
