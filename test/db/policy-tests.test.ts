import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { openProject, openTarget } from "../../src/app/context.ts";
import { test as runTests, type TestOptions } from "../../src/app/test.ts";
import { type TestDatabases, withTestDatabases } from "../../src/app/test-database.ts";
import type { TestResult } from "../../src/core/command-result.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { readProjectFiles } from "../../src/files/read-project.ts";
import { readTestFiles } from "../../src/files/read-tests.ts";
import { withClient } from "../../src/db/client.ts";
import { isLeftover } from "../../src/server/template.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** Another database than the reference one. */
const LIBRARY = {
  "migrations/0001_books.sql":
    "-- Up Migration\ncreate schema api;\ncreate table api.books (id int primary key, title text not null);\n" +
    "create table api.loans (id int generated always as identity primary key, reader text not null);\n" +
    "alter table api.books enable row level security;\ngrant usage on schema api to authenticator, anonymous;\n" +
    "grant select on api.books to anonymous;\n" +
    "create policy read_all on api.books for select to anonymous using (true);\n" +
    "create policy add_none on api.books for insert to anonymous with check (false);\n" +
    "-- Down Migration\ndrop table api.loans;\ndrop table api.books;\ndrop schema api;\n",
  "test/policies/_books.sql": "\\set first 'it''s'\ninsert into api.books values (1, :'first'), (2, 'two');\n",
};

/** Roles belong to the server. */
async function libraryProject(files: Readonly<Record<string, string>>): Promise<EngineProject> {
  const project = await engineProject({ ...LIBRARY, ...files });
  await project.query(
    "do $$ begin create role anonymous nologin; exception when duplicate_object then null; end $$;" +
      "do $$ begin create role authenticator login noinherit; exception when duplicate_object then null; end $$;" +
      "grant anonymous to authenticator",
  );
  return project;
}

function optionsOf(project: EngineProject, more: Partial<TestOptions> = {}): TestOptions {
  return { projectDir: project.dir, databaseUrl: connectionUrl(project.spec), env: {}, onEvent: () => {}, ...more };
}

async function run(project: EngineProject, more: Partial<TestOptions> = {}): Promise<TestResult> {
  return await runTests(optionsOf(project, more));
}

/** What a run could leave on the server. */
async function leftOn({ spec }: EngineProject): Promise<{ databases: string[]; sessions: string[]; roles: string[] }> {
  const maintenance: ConnectionSpec = { ...spec, database: "postgres" };
  const names = async (sql: string): Promise<string[]> =>
    (await queryRows<{ name: string }>(maintenance, sql)).map(({ name }) => name);
  return {
    databases: await names(
      "select datname as name from pg_database where datname like 'tm\\_db\\_test\\_%' order by 1",
    ),
    sessions: await names("select application_name as name from pg_stat_activity where application_name like 'tm-db%'"),
    roles: await names("select rolname as name from pg_roles order by 1"),
  };
}

const PLAN_ONE = (assertion: string): string => `select plan(1);\n${assertion}\nselect * from finish();\n`;

/** How a file may end: its text, and what the result says of it. */
const ENDINGS: Readonly<Record<string, { readonly text: string; readonly says: object }>> = {
  passes: { text: `begin;\n${PLAN_ONE("select ok(true, 'fine');")}rollback;\n`, says: { passed: true, planned: 1 } },
  no_plan: {
    text: "select * from no_plan();\n\\echo # hello\nselect is(count(*), 2::bigint, 'the fixtures') from api.books;\nselect * from finish();",
    says: { passed: true, planned: 1, tap: ["# hello", "ok 1 - the fixtures", "1..1"] },
  },
  several_transactions: {
    text:
      "begin;\nselect plan(2);\ninsert into api.books values (3, 'three');\nselect ok(count(*) = 3) from api.books;\nselect ok(true);\n" +
      "select * from finish();\nrollback;\nbegin;\nselect 'left: ' || count(*) from api.books;\nrollback;\n",
    says: { passed: true, tap: ["1..2", "ok 1", "ok 2", "left: 2"] },
  },
  chooses_isolation: {
    text:
      "begin;\nset transaction isolation level serializable;\nselect plan(1);\n" +
      "select is(current_setting('transaction_isolation'), 'serializable');\nselect * from finish();\nrollback;\n",
    says: { passed: true },
  },
  skips_all: {
    text: "\\echo 1..0 # SKIP no server\nselect * from finish() where false;",
    says: { passed: true, skippedAll: "no server" },
  },
  to_do: {
    text: "select plan(2);\nselect todo('later', 1);\nselect ok(false, 'a');\nselect skip('no luck', 1);\nselect * from finish();",
    says: {
      passed: true,
      tests: [
        { ok: false, todo: "later" },
        { ok: true, skip: "no luck" },
      ],
    },
  },
  xunit: {
    text:
      "create schema t;\ncreate function t.test_a() returns setof text language sql as $$ select ok(true, 'in') $$;\n" +
      "create function t.test_b() returns setof text language sql as $$ select ok(false, 'deep') $$;\nselect * from runtests('t'::name);",
    says: {
      passed: false,
      problems: [],
      tests: [
        { ok: true, subtests: [{ name: "in" }] },
        { ok: false, subtests: [{ name: "deep", ok: false }] },
      ],
    },
  },
  fails: {
    text: PLAN_ONE("\nselect is(1, 2, 'one is two');"),
    says: {
      passed: false,
      problems: [],
      tests: [
        {
          ok: false,
          name: "one is two",
          location: { line: 3, column: 1 },
          diagnostics: expect.arrayContaining(["        want: 2"]) as unknown,
        },
      ],
    },
  },
  dies: {
    text: "select plan(2);\nselect ok(true, 'fine');\nselect ok(nix, 'ü'),\n  1 / 0;\nselect * from finish();",
    says: {
      passed: false,
      tests: [{ name: "fine", ok: true }],
      problems: [
        { kind: "sql-error", sqlState: "42703", location: { file: "test/policies/dies.sql", line: 3, column: 11 } },
      ],
    },
  },
  raises: {
    text: "select plan(1);\n\n  do $$ begin raise 'boom' using hint = 'sit down'; end $$;\nselect * from finish();",
    says: { problems: [{ kind: "sql-error", message: "boom", hint: "sit down", location: { line: 3, column: 3 } }] },
  },
  misspelt: {
    text: "select plan(2);\nselect ok(true, 'before — the mistake');\nselec 1;\nselect * from finish();",
    says: {
      tests: [{ ok: true }],
      problems: [{ kind: "sql-error", sqlState: "42601", location: { line: 3, column: 1 } }],
    },
  },
  wrong_plan: {
    text: "select plan(3);\nselect ok(true);\nselect * from finish();",
    says: { passed: false, problems: [{ kind: "plan", message: "planned 3 test(s), but ran 1" }] },
  },
  plans_again: {
    text:
      "begin;\nselect plan(1);\nselect ok(true);\nselect * from finish();\nrollback;\n" +
      "begin;\nselect plan(40);\nselect * from finish() where false;\nrollback;\n",
    says: {
      passed: false,
      problems: [{ kind: "tap", message: expect.stringContaining("there are 2 plans") as unknown }],
    },
  },
  says_todo_in_its_statement: {
    text: "select plan(1);\nselect tests.as_anonymous();\nselect tests.can_see('select /* #todo */ where false');\nselect * from finish();\n",
    says: {
      passed: false,
      tests: [{ ok: false, todo: null, name: expect.stringContaining("/* #todo */") as unknown }],
    },
  },
  without_plan: {
    text: "select ok(true);\nselect * from finish();",
    says: { passed: false, tests: [], problems: [{ kind: "sql-error", location: { line: 1, column: 1 } }] },
  },
  no_test: { text: "select 1;", says: { passed: false, problems: [{ kind: "no-test" }, { kind: "no-finish" }] } },
  empty: {
    text: "-- select ok(true); select * from finish();",
    says: { passed: false, problems: [{ kind: "no-test" }, { kind: "no-finish" }] },
  },
  no_finish: { text: "select plan(1);\nselect ok(true);", says: { passed: false, problems: [{ kind: "no-finish" }] } },
  refused: {
    text: "select plan(1);\nselect ok(true) \\gset\n;\ncommit;\nselect * from finish();",
    says: {
      passed: false,
      problems: [
        { kind: "refused", location: { line: 2 } },
        { kind: "refused", location: { line: 4 } },
      ],
    },
  },
  loses_its_session: {
    text: PLAN_ONE("select ok(pg_terminate_backend(pg_backend_pid()));"),
    says: { passed: false, problems: [{ kind: "sql-error", sqlState: "57P01" }] },
  },
};

test("a template serves as well when the authenticator was made anew after it", async () => {
  const project = await libraryProject({
    "tm-db.config.json": '{ "roles": { "authenticator": "gatekeeper" } }',
    "test/policies/fine.sql":
      "select plan(1);\nselect tests.as_anonymous();\nselect ok(count(*) = 2) from api.books;\nselect * from finish();\n",
  });
  const gatekeeper = "create role gatekeeper login noinherit; grant anonymous to gatekeeper";
  await project.query(gatekeeper);
  expect(await run(project)).toMatchObject({ passed: true, template: { built: true } });
  await project.query(`drop role gatekeeper; ${gatekeeper}`);
  expect(await run(project)).toMatchObject({ passed: true, template: { built: false } });
  await project.query("drop role gatekeeper");
});

test("a search_path of the role that runs them is nothing to the tests, nor to what they deploy", async () => {
  const project = await libraryProject({ "test/policies/fine.sql": ENDINGS["passes"]?.text ?? "" });
  await project.query("alter role current_user set search_path = ''");
  try {
    expect(await run(project)).toMatchObject({ passed: true, counts: { tests: 1 } });
  } finally {
    await project.query("alter role current_user reset search_path");
  }
});

test("every way in which a file can end is told apart", async () => {
  const files = Object.entries(ENDINGS).map(([name, { text }]) => [`test/policies/${name}.sql`, text]);
  const project = await libraryProject(Object.fromEntries(files) as Record<string, string>);
  const result = await run(project);
  expect(result.passed).toBe(false);
  for (const [name, { says }] of Object.entries(ENDINGS)) {
    expect(
      result.files.find(({ path }) => path === `test/policies/${name}.sql`),
      name,
    ).toMatchObject(says);
  }
  expect(result.files).toHaveLength(Object.keys(ENDINGS).length);
});

test("no file sees what another one did: rows, settings, prepared statements, locks, temporary tables", async () => {
  const rude =
    "select plan(1);\nset search_path = api, public, pgtap;\nset statement_timeout = '1h';\nprepare p as select 1;\n" +
    "select pg_advisory_lock(1);\ncreate temporary table t (id int);\nlisten x;\ninsert into api.books values (7, 'mine');\n" +
    "select is(current_setting('statement_timeout') || (select count(*) from api.books), '1h3', 'alone');\nselect * from finish();\n";
  const files = Array.from({ length: 12 }, (_, index) => [`test/policies/${index}.sql`, rude]);
  const project = await libraryProject(Object.fromEntries(files) as Record<string, string>);
  expect(await run(project, { jobs: 3 })).toMatchObject({ passed: true, counts: { files: 12, tests: 12 } });
});

test("the target's own database is not touched; the template is left, and a clone as it was, and serve the next run", async () => {
  const project = await libraryProject({ "test/policies/a.sql": PLAN_ONE("select ok(true);") });
  const first = await run(project);
  expect(first.template.built).toBe(true);
  const left = await leftOn(project);
  expect(left).toMatchObject({ databases: expect.arrayContaining([first.template.name]) as unknown, sessions: [] });
  const { name: template } = first.template;
  expect(left.databases.filter((name) => name.startsWith(template))).toEqual([template, `${template}_s`]);
  const open = await project.query("select datallowconn as open from pg_database where starts_with(datname, $1)", [
    template,
  ]);
  expect(open).toEqual([{ open: false }, { open: false }]);
  expect(await run(project)).toMatchObject({ passed: true, template: { name: first.template.name, built: false } });
  expect(await leftOn(project)).toEqual(left);
  expect(
    await project.query("select nspname from pg_namespace where nspname in ('tests', 'pgtap', 'api', 'tm_db')"),
  ).toEqual([]);
});

test("materialized views hold what the fixtures made; one that was never filled stays so", async () => {
  const project = await libraryProject({
    "migrations/0002_figures.sql":
      "-- Up Migration\ncreate materialized view api.counted as select count(*) as books from api.books;\n" +
      "create materialized view api.doubled as select 2 * books as books from api.counted;\n" +
      "create materialized view api.later as select 1 / 0 as never with no data;\n" +
      "-- Down Migration\ndrop materialized view api.later, api.doubled, api.counted;\n",
    "test/policies/figures.sql":
      "select plan(2);\nselect is(books, 4::bigint) from api.doubled;\n" +
      "select throws_ok('select from api.later', '55000');\nselect * from finish();\n",
  });
  expect((await run(project)).files[0]).toMatchObject({ passed: true, problems: [] });
  project.write({
    "migrations/0003_share.sql":
      "-- Up Migration\ncreate materialized view api.share as select 100 / (count(*) - 2) as percent from api.books;\n" +
      "-- Down Migration\ndrop materialized view api.share;\n",
  });
  await expect(run(project)).rejects.toMatchObject({ code: "SQL_ERROR", message: "division by zero" });
});

test("clones that are asked for at once are made and dropped one after the other", async () => {
  const project = await libraryProject({});
  const warnings: string[] = [];
  const listen = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", listen);
  onTestFinished(() => void process.off("warning", listen));
  await inTestDatabases(project, async (databases) => {
    const clones = await Promise.all([1, 2, 3, 4].map(async () => await databases.open()));
    await Promise.all(clones.map(async (clone) => await databases.drop(clone)));
  });
  // pg warns once a process, of a statement that is sent before the one before it has ended.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test("a template that belongs to somebody else is not cloned", async () => {
  const project = await libraryProject({ "test/policies/books.sql": ENDINGS["passes"]?.text ?? "" });
  const { template } = await run(project);
  const superuser = inject("server").superuser;
  // They may leave it open to everybody who may make databases, with functions of their own in it.
  await queryRows(superuser, "create role engine_intruder createdb");
  await queryRows(superuser, `alter database ${template.name} owner to engine_intruder`);
  await queryRows(superuser, `alter database ${template.name} is_template true`);
  try {
    await expect(run(project)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: `the database ${template.name} belongs to the role engine_intruder`,
    });
  } finally {
    await queryRows(superuser, `alter database ${template.name} is_template false`);
    await queryRows(superuser, `drop database ${template.name}`);
    await queryRows(superuser, "drop role engine_intruder");
  }
  expect(await run(project)).toMatchObject({ passed: true, template: { built: true } });
});

test("a run that took numbers from sequences leaves them where they stood, so each run is the first", async () => {
  const project = await libraryProject({
    "migrations/0009_loans.sql":
      "-- Up Migration\ncreate table api.tickets (id bigint generated always as identity);\ncreate sequence api.numbers start 5;\n",
    "test/policies/_tickets.sql": "insert into api.tickets default values;\n",
    "test/policies/a.sql": PLAN_ONE(
      "select is(array[nextval('api.tickets_id_seq'), nextval('api.numbers')], '{2,5}'::bigint[]);",
    ),
  });
  const runs = [await run(project), await run(project), await run(project)];
  expect(runs.map(({ passed }) => passed)).toEqual([true, true, true]);
});

test("a clone whose session was lost is not kept", async () => {
  const project = await libraryProject({ "test/policies/a.sql": PLAN_ONE("select ok(pg_sleep(60) is not null);") });
  const { template } = await run(project, { timeoutMs: 50 });
  const dying = { "test/policies/a.sql": PLAN_ONE("select ok(pg_terminate_backend(pg_backend_pid()));") };
  project.write(dying);
  await run(project);
  expect((await leftOn(project)).databases.filter((name) => name.startsWith(template.name))).toEqual([template.name]);
});

test("a changed file makes another template, and the former one goes", async () => {
  const project = await libraryProject({
    "test/policies/a.sql": PLAN_ONE("select is(count(*), 2::bigint) from api.books;"),
  });
  const first = await run(project);
  project.write({ "test/policies/_books.sql": "insert into api.books values (1, 'one');\n" });
  const second = await run(project);
  expect(second).toMatchObject({ passed: false, template: { built: true } });
  const { databases } = await leftOn(project);
  expect(databases).toContain(second.template.name);
  expect(databases).not.toContain(first.template.name);
});

test("two runs at once, without a template before, build it once and do not disturb each other", async () => {
  const project = await libraryProject({ "test/policies/a.sql": PLAN_ONE("select ok(pg_sleep(0.2) is not null);") });
  const results = await Promise.all([run(project), run(project)]);
  expect(results.map(({ passed }) => passed)).toEqual([true, true]);
  expect(results.map(({ template }) => template.built).toSorted()).toEqual([false, true]);
});

test("what a killed run left is dropped by the next one, and what a living one uses is not", async () => {
  const project = await libraryProject({ "test/policies/a.sql": PLAN_ONE("select ok(true);") });
  const { template } = await run(project);
  const maintenance: ConnectionSpec = { ...project.spec, database: "postgres" };
  const dead = `${template.name}_00000000_1`;
  const unfinished = `${template.name.slice(0, -1)}0_b_00000001`;
  const living = `${template.name}_0000000a_1`;
  for (const name of [dead, unfinished, living]) await queryRows(maintenance, `create database ${name}`);
  const name = `tm-db test ${template.name.slice(-16)} 0000000a`;
  await withClient(maintenance, { applicationName: name }, async () => {
    await run(project);
    const { databases } = await leftOn(project);
    expect(databases).toContain(living);
    expect(databases).not.toContain(dead);
    expect(databases).not.toContain(unfinished);
  });
  await run(project);
  expect((await leftOn(project)).databases).not.toContain(living);
});

test.each([
  ["tm_db_test_0123456789ab_0123456789abcdef", false],
  ["tm_db_test_0123456789ab_ffffffffffffffff", true],
  ["tm_db_test_0123456789ab_aaaaaaaaaaaaaaaa", false],
  ["tm_db_test_ffffffffffff_ffffffffffffffff", false],
  ["tm_db_test_0123456789ab_0123456789abcdef_00000000_1", true],
  ["tm_db_test_ffffffffffff_ffffffffffffffff_b_00000000", true],
  ["tm_db_test_ffffffffffff_1111111111111111_cccccccc_12", false],
  ["tm_db_test_0123456789ab_0123456789abcdef_s", false],
  ["tm_db_test_0123456789ab_ffffffffffffffff_s", true],
  ["tm_db_test_of_mine", false],
])("%s is left over: %s", (name, expected) => {
  const alive = ["tm-db test aaaaaaaaaaaaaaaa bbbbbbbb", "tm-db test 1111111111111111 cccccccc"];
  expect(isLeftover(name, { project: "0123456789ab", key: "0123456789abcdef", alive })).toBe(expected);
});

describe("a file that takes too long", () => {
  test("fails alone: PostgreSQL stops it, or its session is ended, and the worker goes on", async () => {
    const loop =
      "do $$ begin loop begin perform pg_sleep(9); exception when query_canceled then null; end; end loop; end $$;";
    const project = await libraryProject({
      "test/policies/a_slow.sql": PLAN_ONE("select ok(true) from pg_sleep(60);"),
      "test/policies/b_stubborn.sql": PLAN_ONE(loop),
      "test/policies/c_fine.sql": PLAN_ONE("select ok(true);"),
    });
    const { files } = await run(project, { jobs: 1, timeoutMs: 300 });
    expect(files).toMatchObject([
      { passed: false, problems: [{ kind: "timeout", location: { line: 2 } }] },
      { passed: false, problems: [{ kind: "timeout" }] },
      { passed: true },
    ]);
    expect((await leftOn(project)).sessions).toEqual([]);
  });
});

test("--bail and Bail out! end the run, and the files that did not run are named", async () => {
  const project = await libraryProject({
    "test/policies/a.sql": PLAN_ONE("select ok(false);"),
    "test/policies/b.sql": PLAN_ONE("select ok(true);"),
  });
  expect(await run(project, { bail: true, jobs: 1 })).toMatchObject({ passed: false, notRun: ["test/policies/b.sql"] });
  project.write({ "test/policies/a.sql": "\\echo Bail out! on fire\n" });
  expect(await run(project, { jobs: 1 })).toMatchObject({
    files: [{ problems: [{ kind: "bail-out", message: "Bail out! on fire" }] }],
    notRun: ["test/policies/b.sql"],
  });
});

test("files, folders and patterns choose; fixtures never count as tests; nothing to run is an error", async () => {
  const project = await libraryProject({
    "test/policies/a.sql": PLAN_ONE("select ok(true, 'a reader may look');"),
    "test/policies/deep/b.sql": PLAN_ONE("select ok(true, 'a reader cannot write');"),
  });
  const ran = async (more: Partial<TestOptions>): Promise<string[]> =>
    (await run(project, more)).files.map(({ path }) => path);
  expect(await ran({})).toEqual(["test/policies/a.sql", "test/policies/deep/b.sql"]);
  expect(await ran({ only: ["test/policies/deep"] })).toEqual(["test/policies/deep/b.sql"]);
  expect(await ran({ only: ["a.sql", "_books.sql"], cwd: join(project.dir, "test/policies") })).toEqual([
    "test/policies/a.sql",
  ]);
  expect(await ran({ pattern: "CANNOT (write|see)" })).toEqual(["test/policies/deep/b.sql"]);
  await expect(run(project, { only: ["nowhere"] })).rejects.toMatchObject({ code: "USAGE" });
  await expect(run(project, { only: ["/etc/passwd"] })).rejects.toMatchObject({ code: "USAGE" });
  await expect(run(project, { pattern: "nobody" })).rejects.toMatchObject({ code: "NO_TESTS" });
  await expect(run(project, { pattern: "(" })).rejects.toMatchObject({ code: "USAGE" });
  await expect(run(project, { only: ["test/policies/_books.sql"] })).rejects.toMatchObject({ code: "NO_TESTS" });
});

test("a fixture that PostgreSQL refuses is placed, and nothing is left of the template", async () => {
  const project = await libraryProject({
    "test/policies/_more.sql": "insert into api.books values (3, 'x');\ninsert into api.books values\n  (1, nix);\n",
    "test/policies/a.sql": PLAN_ONE("select ok(true);"),
  });
  const before = await leftOn(project);
  await expect(run(project)).rejects.toMatchObject({
    code: "SQL_ERROR",
    location: { file: "test/policies/_more.sql", line: 3, column: 7 },
  });
  project.write({ "test/policies/_more.sql": "\\gset\n" });
  await expect(run(project)).rejects.toMatchObject({ code: "TEST_FILE_INVALID" });
  expect(await leftOn(project)).toEqual(before);
});

test("an interrupted run cleans up behind itself", async () => {
  const project = await libraryProject({ "test/policies/a.sql": PLAN_ONE("select ok(true) from pg_sleep(60);") });
  const interrupt = new AbortController();
  const isRunning = async (): Promise<boolean> =>
    (await project.query("select from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"))
      .length > 0;
  const running = expect(run(project, { signal: interrupt.signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect.poll(isRunning, { timeout: 20_000 }).toBe(true);
  interrupt.abort();
  await running;
  const { databases, sessions } = await leftOn(project);
  expect(databases.filter((name) => /_[0-9a-f]{8}_\d+$/.test(name))).toEqual([]);
  expect(sessions).toEqual([]);
});

test("the summary names the policies that an assertion reached, and those that none did", async () => {
  const project = await libraryProject({
    "test/policies/a.sql":
      "begin;\nselect plan(1);\nselect tests.as_anonymous();\nselect tests.can_see('select * from api.books', 2, 'everybody sees books');\nselect * from finish();\nrollback;\n",
  });
  expect(await run(project)).toMatchObject({
    passed: true,
    touched: {
      policies: 1,
      roles: ["anonymous"],
      commands: ["select"],
      untouched: [{ table: "api.books", policy: "add_none", command: "insert" }],
    },
  });
});

describe("pg_prove", () => {
  const psqlFolder = findPsql();
  const hasPgProve = psqlFolder !== undefined && findProgram("pg_prove");

  test.skipIf(!hasPgProve)("agrees test by test, with files of every kind and pgTAP's own examples", async () => {
    const kinds = [
      "passes",
      "no_plan",
      "to_do",
      "xunit",
      "fails",
      "dies",
      "wrong_plan",
      "without_plan",
      "several_transactions",
    ];
    const files = kinds.map((name) => [`test/policies/${name}.sql`, ENDINGS[name]?.text ?? ""] as const);
    const project = await libraryProject({ ...Object.fromEntries(files), ...pgtapExamples() });
    const result = await run(project);
    const documented = result.files.find(({ path }) => path.endsWith("documented.sql"));
    expect(documented?.problems).toEqual([]);
    expect(documented?.tests.filter(({ ok }) => !ok)).toEqual([]);
    const verdicts = await onClone(project, (spec) => pgProve(project, spec, psqlFolder ?? ""));
    for (const { path, passed, tests } of result.files) {
      const lines = tests.map(({ ok, number }) => `${ok ? "ok" : "not ok"} ${number}`);
      expect({ path, lines, passed }, path).toEqual({ path, ...verdicts.get(path) });
    }
  });
});

/** Examples of pgTAP's documentation (https://pgtap.org/documentation.html), in one file. */
function pgtapExamples(): Record<string, string> {
  const examples = [
    "select ok(9 ^ 2 = 81, 'simple exponential')",
    "select is(1 + 1, 2, 'sums')",
    "select isnt(null::text, 'x', 'null is something else')",
    "select matches('Copyright 2026'::text, '^Copyright', 'matches')",
    "select alike('foobar'::text, 'foo%', 'alike')",
    "select cmp_ok(2, '<', 3, 'cmp_ok')",
    "select throws_ok('select 1 / 0', '22012', 'division by zero')",
    "select lives_ok('select 1')",
    "select performs_ok('select 1', 5000, 'quick enough')",
    "select results_eq('select id from api.books order by id', array[1, 2], 'results_eq')",
    "select results_eq('books', 'select * from api.books order by id', 'a prepared statement')",
    "select set_eq('select id from api.books', array[2, 1], 'set_eq')",
    "select bag_has('select id from api.books', 'select 1', 'bag_has')",
    "select is_empty('select * from api.loans', 'is_empty')",
    "select row_eq('select 1, 2', row(1, 2), 'row_eq')",
    "select has_table('api'::name, 'books'::name)",
    "select has_column('api', 'books', 'title', 'has_column')",
    "select col_is_pk('api', 'books', 'id', 'col_is_pk')",
    "select policies_are('api', 'books', array['read_all', 'add_none'])",
    "select policy_cmd_is('api', 'books', 'read_all'::name, 'select')",
    "select isa_ok(1, 'integer', 'one')",
    "select pass('passed') union all select pass('twice')",
  ];
  const text =
    `\\set QUIET 1\n\\pset format unaligned\n\\pset tuples_only true\n\\pset pager off\n\\set ON_ERROR_STOP true\nbegin;\n` +
    `select plan(${examples.length + 1});\nprepare books as select * from api.books order by id;\n${examples.join(";\n")};\n` +
    "select diag('a comment');\nselect * from finish();\nrollback;\n";
  return { "test/policies/documented.sql": text };
}

function findProgram(name: string): boolean {
  try {
    execFileSync("which", [name]);
    return true;
  } catch {
    return false;
  }
}

/** The folder of psql itself: Debian's /usr/bin/psql is a wrapper. */
function findPsql(): string | undefined {
  try {
    const bin = execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim();
    return readdirSync(bin).includes("psql") ? bin : undefined;
  } catch {
    return undefined;
  }
}

async function onClone<T>(project: EngineProject, callback: (spec: ConnectionSpec) => T): Promise<T> {
  return await inTestDatabases(project, async (databases) => callback(await databases.open()));
}

async function inTestDatabases<T>(
  project: EngineProject,
  callback: (databases: TestDatabases) => Promise<T>,
): Promise<T> {
  const opened = openProject(optionsOf(project));
  const target = await openTarget(opened, "start");
  const files = readProjectFiles(opened.config);
  const { fixtures } = await readTestFiles(opened.config, { only: [], cwd: project.dir });
  return await withTestDatabases({ project: opened, target, files, fixtures }, callback);
}

/** What pg_prove finds in each file of the project. */
function pgProve(
  project: EngineProject,
  spec: ConnectionSpec,
  psqlFolder: string,
): Map<string, { lines: string[]; passed: boolean }> {
  const env = {
    PATH: `${psqlFolder}:${process.env["PATH"] ?? ""}`,
    PGHOST: spec.host,
    PGPORT: String(spec.port),
    PGUSER: spec.user,
    PGPASSWORD: spec.password ?? "",
    PGDATABASE: spec.database,
  };
  const folder = join(project.dir, "test/policies");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql") && !name.startsWith("_"));
  return new Map(
    names.map((name) => {
      copyFileSync(join(folder, name), join(folder, `${name}.pg`));
      const { output, code } = runProgram("pg_prove", ["-v", join(folder, `${name}.pg`)], env);
      const lines = output.split("\n").flatMap((line) => /^(?:not )?ok \d+/.exec(line)?.[0] ?? []);
      return [`test/policies/${name}`, { lines, passed: code === 0 }];
    }),
  );
}

function runProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { output: string; code: number } {
  try {
    return {
      output: execFileSync(name, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      code: 0,
    };
  } catch (error) {
    const { stdout, status } = error as { readonly stdout: string; readonly status: number };
    return { output: stdout, code: status };
  }
}
