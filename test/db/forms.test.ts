import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importMigrations } from "../../src/app/import.ts";
import { lint } from "../../src/app/lint.ts";
import { sum } from "../../src/app/sum.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject } from "./project.ts";

/** Migrations as node-pg-migrate's own templates and documentation have them, by the names that its CLI gives. */
const FORMS: Readonly<Record<string, string>> = {
  "migrations/1_shorthands.cjs":
    "exports.shorthands = { label: { type: 'text', notNull: true } };\n" +
    "exports.up = (pgm) => { pgm.createTable('from_cjs', { id: 'id', name: 'label' }); };\n" +
    "exports.down = (pgm) => { pgm.dropTable('from_cjs'); };\n",
  "migrations/1700000000000_esm-arrow.js":
    "/** @param pgm {import('node-pg-migrate').MigrationBuilder} */\nexport const up = (pgm) => {\n" +
    "  pgm.createTable('from_js', { id: 'id', name: 'label', parent: { type: 'integer', references: 'from_cjs' } });\n" +
    "  pgm.createIndex('from_js', 'parent');\n};\n",
  "migrations/1700000000001_callback.mjs":
    "export const up = (pgm, run) => { setTimeout(() => { pgm.addColumns('from_js', { more: { type: 'jsonb', default: '{}' } }); run(); }, 1); };\n" +
    "export const down = (pgm, run) => { pgm.dropColumns('from_js', ['more']); run(); };\n",
  "migrations/1700000000002_async-typed.ts":
    "import type { ColumnDefinitions, MigrationBuilder } from 'node-pg-migrate';\n" +
    "export const shorthands: ColumnDefinitions | undefined = undefined;\n" +
    "export async function up(pgm: MigrationBuilder): Promise<void> {\n" +
    "  await Promise.resolve();\n  pgm.sql('create view from_sql as select {column} from from_js', { column: 'name' });\n}\n" +
    "export async function down(pgm: MigrationBuilder): Promise<void> {\n  await Promise.resolve();\n  pgm.dropView('from_sql');\n}\n",
  "migrations/20240131120000000_in-sql.sql":
    "-- Up Migration\ncreate table from_file (id int);\n\n-- Down Migration\ndrop table from_file;\n",
  "migrations/20240131120000001_reversed.cts":
    "import type { MigrationBuilder } from 'node-pg-migrate';\n" +
    "export async function up(pgm: MigrationBuilder): Promise<void> {\n" +
    "  pgm.createType('mood', ['well', 'ill']);\n  pgm.addColumn('from_file', { how: 'mood' });\n}\n",
};

async function relations(project: EngineProject): Promise<string[]> {
  const rows = await project.query<{ name: string }>(
    "select c.relname as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') order by 1",
  );
  return rows.map(({ name }) => name);
}

describe("migrations in node-pg-migrate's forms", () => {
  test("run in their order, are rolled back by their own way or its reversal, and run again", async () => {
    const project = await engineProject(FORMS);
    const empty = await project.catalog();
    const { steps } = await project.migrate();
    expect(steps.map(({ path }) => path)).toEqual(Object.keys(FORMS));
    expect(await relations(project)).toEqual(["from_cjs", "from_file", "from_js", "from_sql"]);
    const built = await project.catalog();
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
    await project.migrate();
    expect(await compareCatalogs(built, await project.catalog())).toEqual([]);
    expect((await project.migrate()).steps).toEqual([]);
  });

  test("a script may use the shorthands of one that ran in an earlier deployment", async () => {
    const project = await engineProject({ "migrations/1_a.cjs": FORMS["migrations/1_shorthands.cjs"] ?? "" });
    await project.migrate();
    project.write({
      "migrations/2_b.ts": "export const up = (pgm: any) => pgm.createTable('b', { name: 'label' });\n",
    });
    await project.migrate();
    const [column] = await project.query(
      "select is_nullable, data_type from information_schema.columns where table_name = 'b'",
    );
    expect(column).toEqual({ is_nullable: "NO", data_type: "text" });
  });

  test("down = false is no way back: migrate says so, and rollback stops before anything is done", async () => {
    const project = await engineProject({
      "migrations/1_a.js": "exports.up = (pgm) => pgm.createTable('a', { id: 'id' });\nexports.down = false;\n",
    });
    expect((await project.migrate()).warnings).toEqual([expect.stringContaining("1_a.js")]);
    await expect(project.rollback()).rejects.toMatchObject({ code: "MIGRATION_NO_WAY_BACK" });
    expect(await relations(project)).toEqual(["a"]);
  });

  test("an operation that cannot be reversed is refused before anything runs, by file", async () => {
    const project = await engineProject({
      ...FORMS,
      "migrations/30000000000000000_sql.ts": "export const up = (pgm: any) => { pgm.sql('select 1'); };\n",
    });
    await expect(project.migrate()).rejects.toMatchObject({
      code: "MIGRATION_INVALID",
      message: expect.stringContaining("30000000000000000_sql.ts"),
    });
    expect(await relations(project)).toEqual([]);
  });
});

test.each([
  ["a method that is not there", '  pgm.addColums("a", {});', 2, 7],
  ["a parenthesis that is missing", '  pgm.dropTable("a";', 2, 19],
])("a mistake in a script is shown where it is: %s", async (_title, line, row, column) => {
  const path = "migrations/0001_a.ts";
  const project = await engineProject({
    [path]: `export const up = (pgm) => {\n${line}\n};\nexport const down = false;\n`,
  });
  await expect(project.migrate()).rejects.toMatchObject({
    code: "MIGRATION_INVALID",
    location: { file: path, line: row, column, text: line },
    message: expect.not.stringContaining("\n"),
  });
});

test("an imported folder of dbmate runs both ways", async () => {
  const project = await engineProject({
    "db/20240101000000_a.sql": "-- migrate:up\ncreate table a (id bigint);\n\n-- migrate:down\ndrop table a;\n",
    "db/20240102000000-b.sql": "-- migrate:up\ncreate view b as select id from a;\n-- migrate:down\ndrop view b;\n",
  });
  cpSync(join(project.dir, "db"), join(project.dir, "migrations"), { recursive: true });
  await expect(project.migrate()).rejects.toMatchObject({ code: expect.stringMatching(/^MIGRATION_(FORM|NAME)$/) });
  project.write({ "migrations/20240101000000_a.sql": null, "migrations/20240102000000-b.sql": null });
  const before = await project.catalog();
  await importMigrations({ projectDir: project.dir, env: {}, onEvent: () => {}, folder: "db" });
  await project.migrate();
  expect(await relations(project)).toEqual(["a", "b"]);
  await project.rollback({ kind: "all" });
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
});

const TABLE = "-- Up Migration\ncreate table a (id bigint);\n-- Down Migration\ndrop table a;\n";

test("tm-db.sum is checked by migrate and status, and rollback does without", async () => {
  const project = await engineProject({ "migrations/0001_a.sql": TABLE });
  await sum({ projectDir: project.dir, env: {}, onEvent: () => {} });
  await project.migrate();
  project.write({ "migrations/0002_b.sql": "create table b (id bigint);\n" });
  const refused = { code: "SUM_MISMATCH", problems: [{ message: "added: migrations/0002_b.sql" }] };
  await expect(project.migrate()).rejects.toMatchObject(refused);
  await expect(project.migrate({ dryRun: true })).rejects.toMatchObject(refused);
  await expect(project.status()).rejects.toMatchObject(refused);
  expect(await relations(project)).toEqual(["a"]);
  await project.rollback();
  expect(await relations(project)).toEqual([]);
});

test("lint looks at what is pending in the database, and a repeatable always", async () => {
  const drop = "alter table a drop column id;\n";
  const project = await engineProject({ "migrations/0001_a.sql": TABLE, "migrations/0002_b.sql": drop });
  const run = async () =>
    await lint({ projectDir: project.dir, env: {}, onEvent: () => {}, databaseUrl: connectionUrl(project.spec) });
  expect(await run()).toMatchObject({ scope: "pending", migrations: 2, findings: [{ rule: "ban-drop-column" }] });
  await project.migrate();
  project.write({ "migrations/0003_c.sql": drop, "views/api/v.sql": "create view api.v as select 1 as one;\n" });
  const { migrations, findings, database } = await run();
  expect({ migrations, rules: findings.map(({ rule }) => rule) }).toEqual({
    migrations: 1,
    rules: ["ban-drop-column", "view-security-invoker"],
  });
  expect(findings[0]?.location.file).toBe("migrations/0003_c.sql");
  expect(database?.address).toContain(project.spec.database);
});

test("a grant on all functions in a migration is told with its line, where functions have files", async () => {
  const project = await engineProject({
    "migrations/0001_a.sql": "create schema api;\ngrant execute on all functions in schema api to pg_monitor;\n",
  });
  const run = async () => await lint({ projectDir: project.dir, env: {}, onEvent: () => {}, all: true });
  expect(await run()).toMatchObject({ findings: [] });
  project.write({ "functions/f.sql": "create function api.f() returns int language sql as 'select 1';\n" });
  expect(await run()).toMatchObject({
    findings: [{ rule: "grant-on-all-functions", location: { file: "migrations/0001_a.sql", line: 2 } }],
  });
});
