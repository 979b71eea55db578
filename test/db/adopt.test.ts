import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { adopt, type AdoptOptions } from "../../src/app/adopt.ts";
import { doctor } from "../../src/app/doctor.ts";
import { drift } from "../../src/app/drift.ts";
import type { AdoptResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject } from "./project.ts";
import { changeModel, filesOf, makeModel, makeRandom } from "./random-project.ts";

const NODE_MODULES = join(import.meta.dirname, "../../node_modules");

/** A club, as somebody has kept it with node-pg-migrate so far: SQL and a script. */
const MIGRATIONS = {
  "migrations/0001_club.sql":
    "-- Up Migration\ncreate schema club;\ncreate table club.members (id bigint primary key, name text not null);\n" +
    "-- Down Migration\ndrop table club.members;\ndrop schema club;\n",
  "migrations/0002_fees.js":
    'exports.up = (pgm) => pgm.createTable({ schema: "club", name: "fees" }, { member: { type: "bigint", notNull: true } });\n' +
    'exports.down = (pgm) => pgm.dropTable({ schema: "club", name: "fees" });\n',
  "migrations/0003_names.sql":
    "-- Up Migration\ncreate index members_name_idx on club.members (name);\n-- Down Migration\ndrop index club.members_name_idx;\n",
};
/** The same project, with what was made by hand until now written down as files. */
const FILES = {
  "functions/club/count.sql":
    "create function club.count() returns bigint language sql stable as 'select 1::bigint';\n" +
    "comment on function club.count() is 'How many.';\n",
  "policies/club/members.sql":
    "alter table club.members enable row level security;\ngrant select on club.members to pg_monitor;\n" +
    "create policy everybody on club.members for select to pg_monitor using (true);\n",
};
const BY_HAND = Object.values(FILES).join("\n");

async function club(files: Readonly<Record<string, string>> = MIGRATIONS): Promise<EngineProject> {
  const project = await engineProject(files);
  // Its command line looks for the loader of scripts from the project's folder.
  mkdirSync(join(project.dir, "node_modules"));
  symlinkSync(join(NODE_MODULES, "node-pg-migrate"), join(project.dir, "node_modules/node-pg-migrate"));
  return project;
}

function nodePgMigrate(project: EngineProject, args: readonly string[]): string {
  const { PATH = "" } = process.env;
  const program = join(NODE_MODULES, ".bin/node-pg-migrate");
  const run = spawnSync(program, ["-m", join(project.dir, "migrations"), ...args], {
    cwd: project.dir,
    env: { PATH, DATABASE_URL: connectionUrl(project.spec) },
    encoding: "utf8",
  });
  expect(run.status, run.stderr).toBe(0);
  return run.stdout;
}

async function adopted(project: EngineProject, options: Partial<AdoptOptions> = {}): Promise<AdoptResult> {
  const databaseUrl = connectionUrl(project.spec);
  return await adopt({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {}, ...options });
}

const LEDGER_TABLE = ["--migrations-schema", "tm_db", "--migrations-table", "migrations"];

test("a database of node-pg-migrate is adopted, and goes back to nothing by steps", async () => {
  const project = await club();
  nodePgMigrate(project, ["up"]);
  await project.query(BY_HAND);
  project.write(FILES);
  const ran = await project.query("select name, run_on from public.pgmigrations order by id");
  const result = await adopted(project);
  expect(result).toMatchObject({
    adopted: [...Object.keys(MIGRATIONS), ...Object.keys(FILES)],
    pending: [],
    history: "public.pgmigrations",
    differences: [],
    warnings: [],
  });
  expect(await project.query("select name, run_on from tm_db.migrations order by id")).toEqual(ran);
  expect(await project.migrate()).toMatchObject({ steps: [], deployment: null });
  expect(await project.status()).toMatchObject({ upToDate: true, orphans: [], deployments: [{ kind: "adopt" }] });
  // The ledger took the place of this table.
  await project.query("drop table public.pgmigrations");
  const compared = await drift({
    projectDir: project.dir,
    databaseUrl: connectionUrl(project.spec),
    env: {},
    onEvent: () => {},
  });
  expect(compared.differences).toEqual([]);
  const built = await project.catalog();
  expect(await compareCatalogs(await project.freshCatalog(), built)).toEqual([]);
  await project.rollback({ kind: "steps", count: 1 });
  expect(await project.query("select to_regclass('club.members_name_idx') as index")).toEqual([{ index: null }]);
  await project.migrate();
  expect(await compareCatalogs(built, await project.catalog())).toEqual([]);
  const empty = await engineProject();
  await project.rollback({ kind: "all" });
  expect(await compareCatalogs(await empty.catalog(), await project.catalog())).toEqual([]);
});

test("an adoption is no deployment that a plain rollback takes back", async () => {
  const project = await club();
  nodePgMigrate(project, ["up"]);
  await adopted(project);
  await expect(project.rollback()).rejects.toMatchObject({ code: "NOTHING_TO_ROLL_BACK" });
  project.write(FILES);
  await project.migrate();
  await project.rollback();
  expect(await project.query("select to_regclass('club.members') is not null as there")).toEqual([{ there: true }]);
});

test("node-pg-migrate's own command line has nothing to do on a database of tm-db, and tm-db none on one of its", async () => {
  const project = await club();
  await project.migrate();
  expect(nodePgMigrate(project, ["up", ...LEDGER_TABLE])).toContain("No migrations to run!");
  const other = await club();
  nodePgMigrate(other, ["up", "--create-migrations-schema", ...LEDGER_TABLE]);
  const result = await adopted(other, { migrationsSchema: "tm_db", migrationsTable: "migrations" });
  expect(result.adopted).toEqual(Object.keys(MIGRATIONS));
  expect(await other.query("select count(*)::int as n from tm_db.migrations")).toEqual([{ n: 3 }]);
  expect(await other.migrate()).toMatchObject({ steps: [] });
  expect(nodePgMigrate(other, ["up", ...LEDGER_TABLE])).toContain("No migrations to run!");
});

test("its table is found under other names, and what did not run there stays pending", async () => {
  const project = await club();
  nodePgMigrate(project, [
    "up",
    "2",
    "--create-migrations-schema",
    "--migrations-schema",
    "meta",
    "--migrations-table",
    "ran",
  ]);
  project.write(FILES);
  const result = await adopted(project, { migrationsSchema: "meta", migrationsTable: "ran" });
  expect(result).toMatchObject({
    adopted: ["migrations/0001_club.sql", "migrations/0002_fees.js"],
    pending: ["migrations/0003_names.sql", ...Object.keys(FILES)],
  });
  expect((await project.migrate()).steps.map(({ path }) => path)).toEqual(result.pending);
});

test("what ran and has no file, and what did not run and stands before what did, is told by name", async () => {
  const project = await club();
  nodePgMigrate(project, ["up"]);
  await project.query("insert into public.pgmigrations (name, run_on) values ('0009_lost', now())");
  await project.query("delete from public.pgmigrations where name = '0003_names'; drop index club.members_name_idx");
  const { warnings, pending } = await adopted(project, { dryRun: true });
  expect(warnings).toEqual(["0009_lost was applied and has no file: it is not adopted, and cannot be rolled back"]);
  expect(pending).toEqual(["migrations/0003_names.sql"]);
  await project.query("delete from public.pgmigrations where name = '0002_fees'; drop table club.fees");
  await project.query("insert into public.pgmigrations (name, run_on) values ('0003_names', now())");
  await project.query("create index members_name_idx on club.members (name)");
  expect((await adopted(project, { dryRun: true })).warnings.at(-1)).toContain(
    "migrations/0002_fees.js was not applied",
  );
});

test("a database that is not what the files make is refused with every difference, unless they are accepted", async () => {
  const project = await club();
  nodePgMigrate(project, ["up"]);
  await project.query("drop index club.members_name_idx; alter table club.fees add column paid_on date");
  await expect(adopted(project)).rejects.toMatchObject({
    code: "ADOPTION_REFUSED",
    problems: [
      { message: "made by no file: column club.fees.paid_on" },
      { message: "missing in the database: index club.members_name_idx" },
    ],
  });
  await expect(adopted(project, { dryRun: true })).rejects.toMatchObject({ code: "ADOPTION_REFUSED" });
  expect(await project.query("select to_regnamespace('tm_db') as ledger")).toEqual([{ ledger: null }]);
  expect(await adopted(project, { acceptDifferences: true })).toMatchObject({
    differences: [{ object: "column club.fees.paid_on" }, { object: "index club.members_name_idx" }],
  });
  expect(await project.migrate()).toMatchObject({ steps: [] });
});

test("a schema that no tool built is adopted whole, or up to a migration", async () => {
  const project = await club();
  await project.migrate();
  await project.query("drop schema tm_db cascade");
  await expect(adopted(project, { to: "0002" })).rejects.toMatchObject({ code: "ADOPTION_REFUSED" });
  await expect(adopted(project, { to: "0007" })).rejects.toMatchObject({ code: "USAGE" });
  expect(await adopted(project, { dryRun: true })).toMatchObject({ deployment: null, history: null });
  expect(await project.query("select to_regnamespace('tm_db') as ledger")).toEqual([{ ledger: null }]);
  await project.query("drop index club.members_name_idx");
  expect(await adopted(project, { to: "0002" })).toMatchObject({ pending: ["migrations/0003_names.sql"] });
  await expect(adopted(project)).rejects.toMatchObject({ code: "ALREADY_DEPLOYED" });
});

/** More: TM_DB_HISTORY_SEEDS=100. */
const SEEDS = Number(process.env["TM_DB_HISTORY_SEEDS"] ?? 2);

test.each(Array.from({ length: SEEDS }, (_, index) => index + 11))(
  "whatever the files say (%i), deployed there is no drift, adopted there is nothing to do, and all of it goes back",
  async (seed) => {
    const random = makeRandom(seed);
    const model = makeModel(random);
    for (let edits = 12; edits > 0; edits -= 1) changeModel(model, random);
    const project = await engineProject();
    const empty = await project.catalog();
    project.write(filesOf(model));
    await project.migrate();
    const live = { projectDir: project.dir, databaseUrl: connectionUrl(project.spec), env: {}, onEvent: () => {} };
    expect((await drift(live)).differences).toEqual([]);
    await project.query("drop schema tm_db cascade");
    expect(await adopted(project)).toMatchObject({ differences: [], pending: [] });
    expect(await project.migrate()).toMatchObject({ steps: [] });
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  },
);

const FEES_COLUMN =
  "-- Up Migration\nalter table club.members add column paid_on date;\n-- Down Migration\nalter table club.members drop column paid_on;\n";

describe("a ledger of which something was lost", () => {
  async function deployed(): Promise<EngineProject> {
    const project = await club();
    await project.migrate();
    project.write(FILES);
    await project.migrate();
    return project;
  }

  async function isAsBefore(project: EngineProject): Promise<void> {
    expect(await project.migrate()).toMatchObject({ steps: [], deployment: null });
    expect(await project.status()).toMatchObject({ upToDate: true, orphans: [] });
    // What comes after the adoption goes back, and nothing of what was before.
    project.write({ "migrations/0004_paid.sql": FEES_COLUMN });
    await project.migrate();
    expect(await project.rollback()).toMatchObject({
      steps: [{ action: "roll-back", path: "migrations/0004_paid.sql" }],
    });
    project.write({ "migrations/0004_paid.sql": null });
    await expect(project.rollback()).rejects.toMatchObject({ code: "NOTHING_TO_ROLL_BACK" });
    expect(await project.status()).toMatchObject({ upToDate: true });
    await project.rollback({ kind: "steps", count: 1 });
    expect(await project.status()).toMatchObject({ upToDate: false });
    await project.migrate();
    await project.rollback({ kind: "all" });
    expect(await project.query("select to_regclass('club.members')::text as members")).toEqual([{ members: null }]);
  }

  test.each(["migrations", "deployments", "files", "changes"])(
    "tm_db.%s, says so by every command, and adopt mends it",
    async (table) => {
      const project = await deployed();
      const ran = await project.query("select name, run_on from tm_db.migrations order by id");
      await project.query(`drop table tm_db.${table} cascade`);
      const damage = {
        code: "LEDGER_DAMAGED",
        message: `the ledger of this database is damaged: there is no tm_db.${table}`,
        hint: expect.stringContaining("npx tm-db adopt"),
      };
      for (const command of ["migrate", "status", "rollback"] as const) {
        await expect(project[command]()).rejects.toMatchObject(damage);
      }
      const databaseUrl = connectionUrl(project.spec);
      const { checks } = await doctor({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {} });
      expect(checks).toContainEqual(
        expect.objectContaining({ check: "files", verdict: "problem", message: damage.message, next: damage.hint }),
      );
      expect(checks).toContainEqual(expect.objectContaining({ check: "drift", verdict: "skipped" }));

      expect(await adopted(project)).toMatchObject({ pending: [], differences: [] });
      const after = await project.query("select name, run_on from tm_db.migrations order by id");
      if (table !== "migrations") expect(after).toEqual(ran);
      await isAsBefore(project);
    },
  );

  test("that has only what node-pg-migrate keeps there is none yet", async () => {
    const project = await club();
    nodePgMigrate(project, ["up", "--create-migrations-schema", ...LEDGER_TABLE]);
    await expect(project.migrate()).rejects.toMatchObject({ code: "DATABASE_NOT_EMPTY" });
  });

  test("all of it, is told together with the command that writes it anew", async () => {
    const project = await deployed();
    await project.query("drop schema tm_db cascade");
    await expect(project.migrate()).rejects.toMatchObject({
      code: "DATABASE_NOT_EMPTY",
      hint: expect.stringContaining("npx tm-db adopt"),
    });
    expect(await adopted(project)).toMatchObject({ pending: [], differences: [] });
    await isAsBefore(project);
  });
});
