import { relative } from "node:path";
import type { LintResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { withClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";
import { withTransaction } from "../db/transaction.ts";
import { readLedger } from "../deploy/ledger.ts";
import { loadSqlParser } from "../deploy/parse-sql.ts";
import { compareFiles } from "../deploy/plan.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { isIgnored } from "../lint/ignored.ts";
import {
  type CommandOptions,
  nameOf,
  openProject,
  openTarget,
  parseMajor,
  type Project,
  type Target,
} from "./context.ts";
import { lintMigrations, lintRepeatables, protectedTables } from "./lint-files.ts";

export interface LintOptions extends CommandOptions {
  /** Every migration, applied ones included; no database is asked. */
  readonly all?: boolean | undefined;
  /** Files or folders, absolute or relative to the project; no database is asked. */
  readonly files?: readonly string[] | undefined;
}

/** Judged for where no server says its version: the newest that the embedded server comes in. */
const NEWEST_MAJOR = 18;

/**
 * Lints pending migrations with squawk, and functions, views and policies with rules of our own. Without a running
 * server every migration counts as pending; nothing is started, and nothing written.
 * @throws TmDbError LINTER_UNUSABLE; USAGE for a file that the project does not have; what reading a project throws.
 */
export async function lint(options: LintOptions): Promise<LintResult> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  const scope = await chooseScope(project, files, options);
  await loadSqlParser();
  const context = {
    exposedSchemas: project.config.exposedSchemas,
    protectedTables: protectedTables([
      ...files.repeatables,
      ...files.migrations.filter(({ language }) => language === "sql"),
    ]),
  };
  const found = [
    ...(await lintMigrations(scope.files.migrations, {
      projectDir: project.config.projectDir,
      pgMajor: scope.pgMajor,
      known: files.migrations,
      hasFunctionFiles: files.repeatables.some(({ folder }) => folder === "functions"),
      signal: options.signal,
    })),
    ...lintRepeatables(scope.files.repeatables, { all: files.repeatables, context }),
  ];
  return {
    command: "lint",
    scope: scope.kind,
    database: scope.database,
    migrations: scope.files.migrations.length,
    repeatables: scope.files.repeatables.length,
    findings: sorted(found.filter((finding) => !isIgnored(project.config.lint.ignore, asIgnorable(finding)))),
  };
}

interface Scope extends Pick<LintResult, "database"> {
  readonly kind: LintResult["scope"];
  readonly files: ProjectFiles;
  readonly pgMajor: number;
}

async function chooseScope(project: Project, files: ProjectFiles, options: LintOptions): Promise<Scope> {
  const pgMajor = parseMajor(options.pg) ?? NEWEST_MAJOR;
  const offline = { database: null, pgMajor };
  if (options.files !== undefined && options.files.length > 0) {
    return { ...offline, kind: "named", files: pickNamed(files, options.files, project.config.projectDir) };
  }
  if (options.all === true) return { ...offline, kind: "all", files };
  const target = await runningTarget(project);
  return target === undefined ? { ...offline, kind: "no server", files } : await pendingScope(target, files, options);
}

/** A server that was named must answer; the embedded one may be down. */
async function runningTarget(project: Project): Promise<Target | undefined> {
  try {
    return await openTarget(project, "must-run");
  } catch (error) {
    if (error instanceof TmDbError && error.code === "SERVER_NOT_RUNNING") return undefined;
    throw error;
  }
}

async function pendingScope(target: Target, files: ProjectFiles, { signal }: LintOptions): Promise<Scope> {
  return await withClient(target.connection, { signal }, async (client) => {
    const ledger = await withTransaction(client, "read only", async () => await readLedger(client));
    const states = new Map(compareFiles(files, ledger).map(({ path, state }) => [path, state]));
    const migrations = files.migrations.filter(({ path }) => states.get(path) !== "applied");
    const { major } = serverVersion(client);
    return { kind: "pending", database: nameOf(target, client), files: { ...files, migrations }, pgMajor: major };
  });
}

function pickNamed(files: ProjectFiles, names: readonly string[], projectDir: string): ProjectFiles {
  const paths = names.map((name) => relativePath(name, projectDir));
  const isNamed = ({ path }: { readonly path: string }): boolean => paths.some((named) => isIn(path, named));
  const everything = [...files.migrations, ...files.repeatables];
  const unknown = paths.filter((named) => !everything.some(({ path }) => isIn(path, named)));
  if (unknown.length > 0) {
    throw new TmDbError("USAGE", "no migration, function, view or policy of this project is named so", {
      problems: unknown.map((path) => ({ message: path })),
      hint: "npx tm-db lint --all",
    });
  }
  return { migrations: files.migrations.filter(isNamed), repeatables: files.repeatables.filter(isNamed) };
}

/** The project's own folder is the empty name. */
function isIn(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

function relativePath(name: string, projectDir: string): string {
  const path = name.startsWith("/") ? relative(projectDir, name) : name;
  return path.replaceAll("\\", "/").replace(/^\.\//, "").replace(/\/$/, "");
}

function asIgnorable({ rule, location }: Finding): { readonly rule: string; readonly path: string } {
  return { rule, path: location.file };
}

/** By place: file, line, column. */
function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    ({ location: a }, { location: b }) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
