import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { lint } from "../../../src/app/lint.ts";
import { newMigration } from "../../../src/app/new-migration.ts";
import { sum } from "../../../src/app/sum.ts";
import { temporaryProject, writeProjectFiles } from "../../support/temporary-project.ts";

const SQL = "select 1;\n";
const names = (dir: string): string[] => readdirSync(join(dir, "migrations")).toSorted();

test("new begins the list, and the newest migration can be edited as often as one likes", async () => {
  const project = temporaryProject({ "migrations/0001_a.sql": SQL });
  const { path } = await newMigration({ ...project, name: "b" });
  for (const text of ["select 2;\n", "select 3;\n"]) {
    writeProjectFiles(project.projectDir, { [path]: text });
    expect((await lint({ ...project, all: true })).findings).toEqual([]);
  }
  await newMigration({ ...project, name: "c" });
  writeProjectFiles(project.projectDir, { [path]: "select 4;\n" });
  await expect(lint({ ...project, all: true })).rejects.toMatchObject({
    code: "SUM_MISMATCH",
    problems: [{ message: "changed: migrations/0002_b.sql" }],
    hint: expect.stringContaining("npx tm-db sum"),
  });
  expect(await sum(project)).toMatchObject({ changed: ["0002_b.sql"], added: [], removed: [] });
  expect((await lint({ ...project, all: true })).migrations).toBe(3);
});

test("without a list nothing is checked", async () => {
  const project = temporaryProject({ "migrations/0001_a.sql": SQL });
  expect((await lint({ ...project, all: true })).migrations).toBe(1);
});

test("a migration that came or went by another way is named, all of them", async () => {
  const project = temporaryProject({ "migrations/0001_a.sql": SQL, "migrations/0002_b.sql": SQL });
  await sum(project);
  const at = (name: string): string => join(project.projectDir, "migrations", name);
  renameSync(at("0001_a.sql"), at("0003_a.sql"));
  await expect(newMigration({ ...project, name: "c" })).rejects.toMatchObject({
    code: "SUM_MISMATCH",
    problems: [{ message: "added: migrations/0003_a.sql" }, { message: "removed: migrations/0001_a.sql" }],
  });
  expect(names(project.projectDir)).toEqual(["0002_b.sql", "0003_a.sql", "README.md", "tm-db.sum"]);
});

test("where the list cannot be written, the migration is not left behind", async () => {
  const project = temporaryProject({ "migrations/0001_a.sql": SQL });
  // A folder of that name: no permission keeps root from writing a file.
  mkdirSync(join(project.projectDir, "migrations/tm-db.sum"));
  await expect(newMigration({ ...project, name: "b" })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  expect(names(project.projectDir)).toEqual(["0001_a.sql", "README.md", "tm-db.sum"]);
});

test("a name that gives no file name makes no folder", async () => {
  const project = temporaryProject({});
  rmSync(join(project.projectDir, "migrations"), { recursive: true });
  await expect(newMigration({ ...project, name: "!" })).rejects.toMatchObject({ code: "USAGE" });
  expect(existsSync(join(project.projectDir, "migrations"))).toBe(false);
});

const hasGit = spawnSync("git", ["--version"]).status === 0;

test.skipIf(!hasGit)("two branches that each add a migration conflict in git, whatever their numbers", async () => {
  const project = temporaryProject({ "migrations/0001_a.sql": SQL });
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@x", ...args], {
      cwd: project.projectDir,
      encoding: "utf8",
      stdio: "pipe",
    });
  const commit = (): string => git("add", "-A") + git("commit", "-qm", "x");
  git("init", "-q", "-b", "main");
  await sum(project);
  commit();
  git("checkout", "-qb", "one");
  await newMigration({ ...project, name: "one" });
  commit();
  git("checkout", "-q", "main");
  writeProjectFiles(project.projectDir, { "migrations/0007_two.sql": SQL });
  await sum(project);
  commit();
  expect(() => git("merge", "-q", "one")).toThrow();
  expect(git("diff", "--name-only", "--diff-filter=U").trim()).toBe("migrations/tm-db.sum");
  await expect(lint({ ...project, all: true })).rejects.toMatchObject({
    code: "SUM_MISMATCH",
    hint: expect.stringContaining("Renumber"),
  });
  await sum(project);
  expect((await lint({ ...project, all: true })).migrations).toBe(3);
});

test("the list of the reference database is what its files say", async () => {
  const projectDir = fileURLToPath(new URL("../../..", import.meta.url));
  const before = readFileSync(join(projectDir, "migrations/tm-db.sum"), "utf8");
  const copy = temporaryProject({});
  for (const name of names(projectDir).filter((name) => name.endsWith(".sql"))) {
    writeProjectFiles(copy.projectDir, {
      [`migrations/${name}`]: readFileSync(join(projectDir, "migrations", name), "utf8"),
    });
  }
  await sum(copy);
  expect(readFileSync(join(copy.projectDir, "migrations/tm-db.sum"), "utf8")).toBe(before);
});
