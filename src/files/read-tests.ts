import { stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";
import type { SourceFile } from "../core/project-files.ts";
import { listFolder, readSource } from "./read-project.ts";

/** The policy tests of a project. */
export interface TestFiles {
  /** Files whose name starts with `_`: loaded into the template once, in the order of their paths. */
  readonly fixtures: readonly SourceFile[];
  /** All other `*.sql` files, in the order of their paths. */
  readonly tests: readonly SourceFile[];
}

/**
 * Reads the folder of the policy tests. `only` are files and folders as somebody at `cwd` names them; without any, all
 * tests are read. Fixtures are always read.
 * @throws TmDbError USAGE for a path that is not there or is no test; FILE_UNREADABLE; FILE_NOT_UTF8.
 */
export async function readTestFiles(
  config: Config,
  given: { readonly only: readonly string[]; readonly cwd: string },
): Promise<TestFiles> {
  const folder = config.paths.tests;
  const names = sqlFiles(config, folder);
  const fixtures = names.filter(isFixture);
  const all = names.filter((path) => !isFixture(path));
  const chosen = given.only.length === 0 ? all : await choose(config, { ...given, all });
  return {
    fixtures: fixtures.map((path) => readSource(config, path)),
    tests: chosen.map((path) => readSource(config, path)),
  };
}

/** `test/policies/*.sql` names those too, and somebody who types it means the tests. */
function isFixture(path: string): boolean {
  return /(^|\/)_[^/]*$/.test(path);
}

/** Relative to the project. Names that start with `.` are passed over, as folders that start with `_` are. */
function sqlFiles(config: Config, folder: string): string[] {
  const names = listFolder(config, folder) ?? [];
  return names
    .filter((name) => name.endsWith(".sql") && !/(^|\/)(\.|_[^/]*\/)/.test(name))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}

async function choose(
  config: Config,
  given: { readonly only: readonly string[]; readonly cwd: string; readonly all: readonly string[] },
): Promise<string[]> {
  const chosen = new Set<string>();
  for (const name of given.only) {
    const absolute = isAbsolute(name) ? name : join(given.cwd, name);
    const path = relative(config.projectDir, absolute).replaceAll("\\", "/").replace(/\/$/, "");
    const kind = await kindOf(absolute);
    if (kind === undefined || path.startsWith("../") || isAbsolute(path)) {
      throw new TmDbError(
        "USAGE",
        `${name}: ${kind === undefined ? "there is no such file or folder" : "it lies outside of the project"}`,
        {
          hint: `name files or folders of ${config.paths.tests}/, or leave them out to run all`,
        },
      );
    }
    if (kind === "file" && !isFixture(path)) chosen.add(path);
    else if (kind === "file") continue;
    else for (const file of path === "" ? given.all : sqlTests(config, path, given.all)) chosen.add(file);
  }
  return [...chosen];
}

/** Tests of a folder, which may lie outside of the configured one. */
function sqlTests(config: Config, folder: string, all: readonly string[]): readonly string[] {
  if (`${config.paths.tests}/`.startsWith(`${folder}/`)) return all;
  return sqlFiles(config, folder).filter((path) => !isFixture(path));
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}
