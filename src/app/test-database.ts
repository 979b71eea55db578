import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { posix } from "node:path";
import type { DatabaseName } from "../core/command-result.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { ProjectFiles, SourceFile } from "../core/project-files.ts";
import { TOOL_VERSION } from "../core/tool-version.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";
import { refreshFilledViews } from "../db/refresh.ts";
import { runBatch } from "../db/run-batch.ts";
import { sqlError } from "../db/sql-error.ts";
import { readSource } from "../files/read-project.ts";
import { type Batch, composeBatch, placeOfError } from "../policytest/compose-batch.ts";
import { installTestHelpers, letBecomeOthers, TEST_HELPERS_SQL } from "../policytest/helpers.ts";
import { carriedPgtap, installPgtap, offeredPgtap, TEST_SEARCH_PATH } from "../policytest/pgtap.ts";
import type { ScriptOptions } from "../policytest/read-script.ts";
import { type Template, withTemplate } from "../server/template.ts";
import { nameOf, type Project, type Target } from "./context.ts";

/**
 * Databases for tests: the project's files deployed as in production, pgTAP in the schema `pgtap`, the helpers in the
 * schema `tests`, and the fixtures, committed, with materialized views refreshed. `tm-db test` runs on them, and so does whatever else tests policies:
 *
 *     const project = openProject(options);
 *     const target = await openTarget(project, "start");
 *     const files = readProjectFiles(project.config);
 *     const { fixtures } = await readTestFiles(project.config, { only: [], cwd: project.config.projectDir });
 *     await withTestDatabases({ project, target, files, fixtures }, async (databases) => {
 *       const spec = await databases.open();   // a clone, dropped at the end
 *     });
 *
 * The role of the connection owns everything in a clone; it may become every role of the API.
 */
export interface TestDatabases {
  /** The server, and which version it is. */
  readonly server: DatabaseName;
  /** The template's name, and whether this run built it. */
  readonly template: { readonly name: string; readonly built: boolean };
  /** How many clones have been made already and wait to be opened; none if not given. */
  readonly ready?: number | undefined;
  /** Makes another clone, in a few tenths of a second. Reset it by rolling back rather than by making a new one. */
  open(): Promise<ConnectionSpec>;
  /** Says that a clone is as it was made, and that nobody is connected to it: one of them is kept for the next run. */
  keep(clone: ConnectionSpec): void;
  /** Drops a clone before the end, for whoever makes many. */
  drop(clone: ConnectionSpec): Promise<void>;
}

export interface TestDatabaseInput {
  readonly project: Project;
  readonly target: Target;
  readonly files: ProjectFiles;
  readonly fixtures: readonly SourceFile[];
  /** Has a template of its own beside that of `tm-db test`, instead of taking its place. */
  readonly purpose?: string | undefined;
}

/**
 * Builds the template where there is none for these files, and hands over what makes clones of it. All clones are dropped
 * when `callback` ends, in whatever way; the template stays for the next run. The target's own database is not touched.
 * @throws TmDbError what deploying throws; SQL_ERROR and TEST_FILE_INVALID of a fixture; PERMISSION_DENIED.
 */
export async function withTestDatabases<T>(
  input: TestDatabaseInput,
  callback: (databases: TestDatabases) => Promise<T>,
): Promise<T> {
  const { project, target } = input;
  const fixtures = input.fixtures.map((file) => composeScript(project, file, "commit"));
  const request = {
    maintenance: target.maintenance,
    project: shortHash(realpathSync(project.config.projectDir) + (input.purpose ?? ""), 12),
    key: async (client: DatabaseClient) => await templateKey(client, { project, files: input.files, fixtures }),
    searchPath: TEST_SEARCH_PATH,
    build: async (database: ConnectionSpec) =>
      await buildTemplate(database, { project, target, files: input.files, fixtures }),
    signal: project.options.signal,
  };
  return await withTemplate(request, async (template) => {
    if (!template.built) await letBecomeOthers(template.maintenance, project.config.roles.authenticator);
    return await callback(databasesOf(template, target));
  });
}

function databasesOf(template: Template, target: Target): TestDatabases {
  return {
    server: nameOf({ connection: target.maintenance }, template.maintenance),
    template: { name: template.name, built: template.built },
    open: async () => await template.clone(),
    keep: (clone) => template.keep(clone),
    drop: async (clone) => await template.drop(clone),
  };
}

interface TemplateParts {
  readonly project: Project;
  readonly target: Target;
  readonly files: ProjectFiles;
  readonly fixtures: readonly Batch[];
}

/** Stands for everything that a template is made of. */
async function templateKey(
  client: DatabaseClient,
  { project, files, fixtures }: Omit<TemplateParts, "target">,
): Promise<string> {
  const { exposedSchemas, extraSearchPath, roles, preRequest, jwtSecret } = project.config;
  const parts = [
    TOOL_VERSION,
    serverVersion(client).major,
    // A template can be cloned by its owner only.
    client.user,
    (await offeredPgtap(client)) ?? carriedPgtap(),
    TEST_HELPERS_SQL,
    { exposedSchemas, extraSearchPath, roles, preRequest, jwtSecret },
    [...files.migrations, ...files.repeatables].map(({ path, checksum }) => [path, checksum]),
    fixtures.map(({ sql }) => sql),
  ];
  return shortHash(JSON.stringify(parts), 16);
}

function shortHash(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

async function buildTemplate(
  database: ConnectionSpec,
  { project, target, files, fixtures }: TemplateParts,
): Promise<void> {
  const { config, options } = project;
  await withClient(database, { signal: options.signal }, async (client) => {
    await deployForTests(client, { project, target, files }, database);
    await installPgtap(client);
    await client.query(`set search_path = ${TEST_SEARCH_PATH}`);
    await installTestHelpers(client, {
      schemas: config.exposedSchemas,
      extraSearchPath: config.extraSearchPath,
      preRequest: config.preRequest,
      anonymousRole: config.roles.anonymous,
      authenticatorRole: config.roles.authenticator,
    });
    await loadFixtures(client, fixtures);
  });
}

/** Deploys a project's files to a database that tests run on. */
export async function deployForTests(
  client: DatabaseClient,
  { project, target, files }: Pick<TestDatabaseInput, "project" | "target" | "files">,
  database: ConnectionSpec,
): Promise<void> {
  const { options } = project;
  // Only where something is built: a run on a template that is there does not wait for PostgreSQL's parser to load.
  const { deploy } = await import("./deploy.ts");
  await deploy(client, {
    // It has a JWT secret of its own, and the authenticator keeps its password: both stay on the server.
    project: { ...project, options: { ...options, env: { ...options.env, TM_DB_JWT_SECRET: undefined } } },
    target: { ...target, connection: database, authenticatorPassword: undefined },
    files,
    options: {},
  });
}

/** Each is one transaction, committed. Materialized views hold what came with them: empty, they would hide what policies let out. */
export async function loadFixtures(client: DatabaseClient, fixtures: readonly Batch[]): Promise<void> {
  for (const fixture of fixtures) await loadFixture(client, fixture);
  await refreshFilledViews(client);
}

async function loadFixture(client: DatabaseClient, batch: Batch): Promise<void> {
  const outcome = await runBatch(client, batch.sql);
  if (outcome.error === undefined) return;
  await runBatch(client, "rollback");
  throw sqlError(outcome.error, placeOfError(batch, outcome));
}

/** Puts a script of the project together with the files that it includes. */
export function composeScript(project: Project, file: SourceFile, end: ScriptOptions["end"]): Batch {
  return composeBatch(file, {
    end,
    include: (path, { path: from, beside }) => {
      // psql looks from the current folder for \i, which here is the project's, and from the file's own for \ir.
      const name = posix.normalize(beside ? posix.join(posix.dirname(from), path) : path);
      if (name.startsWith("../") || posix.isAbsolute(name)) return undefined;
      try {
        return readSource(project.config, name);
      } catch (error) {
        if (error instanceof TmDbError && error.code === "FILE_UNREADABLE") return undefined;
        throw error;
      }
    },
  });
}
