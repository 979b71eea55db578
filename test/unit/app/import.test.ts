import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importMigrations } from "../../../src/app/import.ts";
import { lint } from "../../../src/app/lint.ts";
import { temporaryProject, writeProjectFiles } from "../../support/temporary-project.ts";

const GOOD = "-- migrate:up\ncreate table a (id bigint);\n-- migrate:down\ndrop table a;\n";
const written = (dir: string): string[] => readdirSync(join(dir, "migrations")).toSorted();

test("a folder of dbmate is written into migrations/, and says what it left", async () => {
  const project = temporaryProject({
    "db/migrations/20240101000000_a.sql": GOOD,
    "db/migrations/20240102000000-b.sql": GOOD.replace("create", "begin; create"),
    "db/migrations/README.md": "",
    "db/migrations/old/20200101000000_z.sql": GOOD,
  });
  const dry = await importMigrations({ ...project, folder: "db/migrations", dryRun: true });
  expect(written(project.projectDir)).toEqual(["README.md"]);
  const result = await importMigrations({ ...project, folder: "db/migrations" });
  expect(result).toEqual({ ...dry, dryRun: false });
  expect(result.files).toEqual([
    { from: "db/migrations/20240101000000_a.sql", to: "migrations/20240101000000_a.sql", notes: [] },
    {
      from: "db/migrations/20240102000000-b.sql",
      to: "migrations/20240102000000_b.sql",
      notes: [expect.stringContaining("begins or ends a transaction")],
    },
  ]);
  expect(result.skipped).toEqual(["db/migrations/README.md"]);
  expect(written(project.projectDir)).toEqual([
    "20240101000000_a.sql",
    "20240102000000_b.sql",
    "README.md",
    "tm-db.sum",
  ]);
  const text = readFileSync(join(project.projectDir, "migrations/20240101000000_a.sql"), "utf8");
  expect(text).toBe("-- Up Migration\ncreate table a (id bigint);\n\n-- Down Migration\ndrop table a;\n");
});

test("all that is wrong is said, and nothing is written", async () => {
  const project = temporaryProject({
    "old/10_a.sql": GOOD,
    "old/2_b.sql": GOOD,
    "old/3_c.sql": "select 1;\n",
    "old/4_d.sql": "-- migrate:down\n-- migrate:up\n",
  });
  await expect(importMigrations({ ...project, folder: "old" })).rejects.toMatchObject({
    code: "IMPORT_REFUSED",
    problems: [
      { message: expect.stringContaining("old/3_c.sql") },
      { message: expect.stringContaining("old/4_d.sql") },
      { message: expect.stringContaining("10_a.sql before 2_b.sql") },
    ],
  });
  expect(written(project.projectDir)).toEqual(["README.md"]);
});

test("no file is overwritten, and then none is written", async () => {
  const project = temporaryProject({ "old/1_a.sql": GOOD, "old/2_b.sql": GOOD, "migrations/2_b.sql": "select 1;\n" });
  await expect(importMigrations({ ...project, folder: "old" })).rejects.toMatchObject({
    code: "FILE_EXISTS",
    problems: [{ message: "migrations/2_b.sql" }],
  });
  expect(written(project.projectDir)).toEqual(["2_b.sql", "README.md"]);
});

test("an interrupted import leaves nothing", async () => {
  const project = temporaryProject({ "old/1_a.sql": GOOD, "old/2_b.sql": GOOD });
  const signal = AbortSignal.abort();
  await expect(importMigrations({ ...project, folder: "old", signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(written(project.projectDir)).toEqual(["README.md"]);
});

test("a folder that is not there, is empty, or is the project's own is refused", async () => {
  const project = temporaryProject({ "empty/notes.txt": "" });
  const run = async (folder: string): Promise<unknown> => await importMigrations({ ...project, folder });
  await expect(run("nowhere")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  await expect(run("empty")).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("no migrations"),
  });
  await expect(run("migrations")).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining("mv migrations"),
  });
});

test("dbmate's files in migrations/ are refused with the command that converts them", async () => {
  const project = temporaryProject({
    "migrations/1_a.sql": GOOD,
    "migrations/2_b.sql": "select 1;\n",
    "migrations/3_c.sql": GOOD,
  });
  await expect(lint({ ...project, all: true })).rejects.toMatchObject({
    code: "MIGRATION_FORM",
    problems: [{ location: { file: "migrations/1_a.sql", line: 1 } }, { location: { file: "migrations/3_c.sql" } }],
    hint: expect.stringContaining("npx tm-db import dbmate"),
  });
  const body = "create function public.f() returns text language sql as $$\nselect '\n-- migrate:up\n'\n$$;\n";
  writeProjectFiles(project.projectDir, { "migrations/1_a.sql": body, "migrations/3_c.sql": body });
  expect((await lint({ ...project, all: true })).migrations).toBe(3);
  expect(existsSync(join(project.projectDir, "migrations/tm-db.sum"))).toBe(false);
});
