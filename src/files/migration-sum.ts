import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Config } from "../config/config.ts";
import { type Problem, TmDbError } from "../core/errors.ts";
import { unwritable } from "../core/unwritable.ts";
import { compareSum, formatSum, type SumDifference, type SummedFile } from "../core/migration-sum.ts";
import type { MigrationFile } from "../core/project-files.ts";

/** Path of the sum file, relative to the project. */
export function sumPath(config: Config): string {
  return `${config.paths.migrations}/tm-db.sum`;
}

/**
 * Compares the migrations with `tm-db.sum`; a project without one is not checked.
 * @throws TmDbError SUM_MISMATCH naming every file that was added, changed or removed.
 */
export function checkMigrationSum(config: Config, migrations: readonly MigrationFile[]): void {
  const text = readSum(config);
  if (text === undefined) return;
  const path = sumPath(config);
  const difference = compareSum(text, migrations.map(summed));
  if (difference === "unreadable") {
    throw new TmDbError("SUM_MISMATCH", `${path} cannot be read: it holds a line that tm-db did not write`, {
      hint: "a conflict in git? Renumber the migration that comes later, then: npx tm-db sum",
    });
  }
  const problems = differenceProblems(difference, config.paths.migrations);
  if (problems.length === 0) return;
  const applied = difference.changed.length + difference.removed.length > 0;
  throw new TmDbError("SUM_MISMATCH", `the migrations are not those of ${path}`, {
    problems,
    hint: `${applied ? "restore what was applied anywhere; if nothing was" : "if that is what you want"}: npx tm-db sum`,
  });
}

/** Writes `tm-db.sum` for the migrations. Returns what it says now and did not say before. @throws FILE_UNWRITABLE. */
export async function writeMigrationSum(config: Config, migrations: readonly MigrationFile[]): Promise<SumDifference> {
  const files = migrations.map(summed);
  const before = compareSum(readSum(config) ?? "", files);
  const path = join(config.projectDir, sumPath(config));
  const next = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(next, formatSum(files));
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw unwritable(
      `cannot write ${sumPath(config)}`,
      error,
      `check the permissions: ls -l ${config.paths.migrations}`,
    );
  }
  return before === "unreadable" ? { added: files.map(({ name }) => name), changed: [], removed: [] } : before;
}

function summed({ path, checksum }: MigrationFile): SummedFile {
  return { name: basename(path), checksum };
}

function differenceProblems({ added, changed, removed }: SumDifference, folder: string): Problem[] {
  const words = (what: string) => (name: string) => ({ message: `${what}: ${folder}/${name}` });
  return [...added.map(words("added")), ...changed.map(words("changed")), ...removed.map(words("removed"))];
}

function readSum(config: Config): string | undefined {
  try {
    return readFileSync(join(config.projectDir, sumPath(config)), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${sumPath(config)}: ${(error as Error).message}`, {
      hint: `check the permissions: ls -l ${sumPath(config)}`,
      cause: error,
    });
  }
}
