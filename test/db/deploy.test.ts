import pg from "pg";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { audit } from "../../src/app/audit.ts";
import { doctor } from "../../src/app/doctor.ts";
import { refresh } from "../../src/app/refresh.ts";
import type { TmDbError } from "../../src/core/errors.ts";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { clientConfig, type EngineProject, engineProject, queryRows } from "./project.ts";

/** A small project in which everything depends on something. */
const FILES = {
  "migrations/0001_schemas.sql":
    "-- Up Migration\ncreate schema api;\ncreate schema auth;\n-- Down Migration\ndrop schema auth;\ndrop schema api;\n",
  "migrations/0002_tasks.sql":
    "-- tm-db: needs functions/auth/user_id.sql\n-- Up Migration\ncreate table api.tasks (id bigint primary key, owner bigint default auth.user_id());\n" +
    "-- Down Migration\ndrop table api.tasks;\n",
  "functions/auth/user_id.sql":
    "create function auth.user_id() returns bigint language sql stable as 'select 1::bigint';\n",
  "functions/api/count_tasks.sql":
    "create function api.count_tasks() returns bigint language sql stable begin atomic select count(*) from api.task_list; end;\n",
  "views/api/task_list.sql":
    "create view api.task_list with (security_invoker = true) as select t.id, auth.user_id() as me from api.tasks as t;\n" +
    "comment on view api.task_list is 'tasks';\ngrant select on api.task_list to pg_monitor;\n",
  "policies/api/tasks.sql":
    "alter table api.tasks enable row level security;\ngrant select (id), insert on api.tasks to pg_monitor;\n" +
    "create policy select_own on api.tasks for select to pg_monitor using (owner = (select auth.user_id()));\n",
};

async function deployed(files: Readonly<Record<string, string>> = FILES): Promise<EngineProject> {
  const project = await engineProject(files);
  await project.migrate();
  return project;
}

async function failure(promise: Promise<unknown>): Promise<TmDbError> {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error as TmDbError,
  );
}

async function expectFreshCatalog(project: EngineProject): Promise<void> {
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
}

async function schemas(project: EngineProject): Promise<string[]> {
  const rows = await project.query<{ name: string }>(
    "select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') order by 1",
  );
  return rows.map(({ name }) => name);
}

describe("a deployment", () => {
  test("applies migrations and repeatables in an order that works, and then has nothing to do", async () => {
    const project = await engineProject(FILES);
    const first = await project.migrate();
    expect(first.steps.map(({ action, path }) => `${action} ${path}`)).toEqual([
      "migrate migrations/0001_schemas.sql",
      "apply functions/auth/user_id.sql",
      "migrate migrations/0002_tasks.sql",
      "apply views/api/task_list.sql",
      "apply functions/api/count_tasks.sql",
      "apply policies/api/tasks.sql",
    ]);
    const second = await project.migrate();
    expect(second).toMatchObject({ steps: [], deployment: null });
    expect((await project.status()).upToDate).toBe(true);
  });

  test("ends each migration: checks that wait, and temporary tables, are not left to the next one", async () => {
    const project = await engineProject({
      "migrations/0001_base.sql":
        "create schema api; create table api.p (id int primary key);\ncreate table api.c (id int, p int references api.p deferrable initially deferred,\n" +
        "q int references api.p deferrable);\n-- Down Migration\ndrop table api.c, api.p; drop schema api;\n",
      "migrations/0002_rows.sql":
        "create temp table moved on commit drop as select 1 as n;\ninsert into api.c values (1, 1); insert into api.p select n from moved;\n-- Down Migration\n",
      "migrations/0003_column.sql":
        "create temp table moved on commit drop as select 2 as n;\nalter table api.c add x int; insert into api.c values (2, 2); insert into api.p select n from moved;\n" +
        "-- Down Migration\nalter table api.c drop x;\n",
      "policies/c.sql": "alter table api.c enable row level security;\n",
    });
    await project.migrate();
    expect(await project.query("select id, p from api.c order by id")).toEqual([
      { id: 1, p: 1 },
      { id: 2, p: 2 },
    ]);
    project.write({
      "migrations/0004_wrong.sql": "select 1;\ninsert into api.c values (3, 7);\n-- Down Migration\n",
      "migrations/0005_more.sql": "create table api.d (id int);\n-- Down Migration\ndrop table api.d;\n",
    });
    expect(await failure(project.migrate())).toMatchObject({
      code: "SQL_ERROR",
      sqlState: "23503",
      location: { file: "migrations/0004_wrong.sql", line: 2 },
    });
  });

  test("ends each migration also where such a check cannot be named, or not by the role that it has set", async () => {
    const { owner, superuser } = inject("server");
    await queryRows(superuser, `create role narrow_role; grant narrow_role to "${owner.user}"`);
    const project = await engineProject({
      "migrations/0001_base.sql":
        "create schema api; create schema priv; create table api.p (id int primary key);\n" +
        "create table api.c (id int constraint same references api.p deferrable initially deferred);\ncreate table api.d (id int constraint same references api.p);\n" +
        "create table priv.e (id int references api.p deferrable);\ngrant usage on schema api to narrow_role; grant insert on api.p to narrow_role;\n" +
        "-- Down Migration\ndrop schema priv, api cascade;\n",
      "migrations/0002_rows.sql": "set local role narrow_role;\ninsert into api.p values (1);\n-- Down Migration\n",
      "migrations/0003_cursor.sql":
        "create temp table x as select 1 as n;\ndeclare c cursor for select * from x;\nfetch c;\nset seed = 0.5;\n-- Down Migration\n",
    });
    const other = new pg.Client(clientConfig(project));
    await other.connect();
    await other.query("create temp table mine (id int primary key deferrable)");
    await project.migrate();
    await other.end();
    expect(await project.query("select id from api.p")).toEqual([{ id: 1 }]);
    await project.rollback();
  });

  test("what the commit refuses is PostgreSQL's refusal, and no defect", async () => {
    const project = await deployed({
      "migrations/0001_base.sql":
        "create schema api; create table api.p (id int primary key, p int references api.p deferrable initially deferred);\n" +
        "create function api.f() returns int language sql as 'insert into api.p values (1, 7) returning id';\n-- Down Migration\ndrop schema api cascade;\n",
    });
    project.write({
      "migrations/0002_rows.sql":
        "create table api.q as table api.p union all select api.f(), 1;\n-- Down Migration\ndrop table api.q;\n",
    });
    expect(await failure(project.migrate())).toMatchObject({ code: "SQL_ERROR", sqlState: "23503" });
  });

  test("leaves nothing when a migration fails halfway, and says where", async () => {
    const project = await engineProject({
      ...FILES,
      "migrations/0003_bad.sql":
        "-- Up Migration\ncreate table api.more (id int);\n\n  insert into api.more\n  values (1 / 0);\n",
    });
    const error = await failure(project.migrate());
    expect(error).toMatchObject({ code: "SQL_ERROR", sqlState: "22012", message: "division by zero" });
    expect(error.location).toMatchObject({
      file: "migrations/0003_bad.sql",
      line: 4,
      column: 3,
      text: "  insert into api.more",
    });
    expect(await schemas(project)).toEqual([]);
    project.write({ "migrations/0003_bad.sql": "create table api.more (id int);" });
    await project.migrate();
  });

  test.each([
    [
      "a migration",
      "migrations/0003_typo.sql",
      "-- Up Migration\ncreate tabel api.x (id int);\n",
      { line: 2, column: 8 },
    ],
    [
      "a migration behind letters of several bytes",
      "migrations/0003_typo.sql",
      "select 'äöü€😀'; selct 1;\n",
      { line: 1, column: 17 },
    ],
    [
      "a policy",
      "policies/api/more.sql",
      "alter table api.tasks enable row level security;\ncreate polcy x;\n",
      { line: 2, column: 8 },
    ],
    [
      "a view's column",
      "views/api/bad.sql",
      "create view api.bad as\n  select t.nothing from api.tasks as t;\n",
      { line: 2, column: 10 },
    ],
  ])("shows file, line and column of an error in %s", async (_what, path, text, place) => {
    const project = await engineProject({ ...FILES, [path]: text });
    const error = await failure(project.migrate());
    expect(error).toMatchObject({ code: "SQL_ERROR", location: { file: path, ...place } });
    expect(await schemas(project)).toEqual([]);
  });

  test("an error inside a function that is replaced in place points at the file's own line", async () => {
    const project = await deployed();
    project.write({
      "functions/auth/user_id.sql":
        "create function auth.user_id() returns bigint language sql stable\nas 'select nothing';\n",
    });
    expect((await failure(project.migrate())).location).toMatchObject({ file: "functions/auth/user_id.sql", line: 2 });
  });

  test("a dry run writes nothing, not even the ledger, and cannot", async () => {
    const project = await engineProject(FILES);
    const result = await project.migrate({ dryRun: true });
    expect(result).toMatchObject({ dryRun: true, deployment: null });
    expect(result.steps).toHaveLength(6);
    expect(await schemas(project)).toEqual([]);
  });

  test("of two at once one deploys, and the other waits, says for whom, and finds nothing to do", async () => {
    const project = await engineProject({ ...FILES, "migrations/0003_slow.sql": "select pg_sleep(0.5);" });
    const results = await Promise.all([project.migrate(), project.migrate()]);
    expect(results.map(({ steps }) => steps.length).toSorted((a, b) => a - b)).toEqual([0, 7]);
    expect(project.events).toContainEqual({
      kind: "waiting-for-lock",
      holder: expect.stringContaining("tm-db (process"),
    });
  });

  test("a role that another database has made is explained", async () => {
    const project = await engineProject({
      "migrations/0001_role.sql": "-- Up Migration\ncreate role monitor_of_another;\n",
    });
    await project.query("create role monitor_of_another");
    onTestFinished(async () => void (await project.query("drop role monitor_of_another")));
    const error = await failure(project.migrate());
    expect(error).toMatchObject({ code: "SQL_ERROR", sqlState: "42710", location: { line: 2 } });
    expect(error.hint).toContain("exception when duplicate_object then null");
  });

  test("Windows line ends and a byte order mark change nothing", async () => {
    const project = await deployed();
    for (const [path, text] of Object.entries(FILES))
      project.write({ [path]: `\uFEFF${text.replaceAll("\n", "\r\n")}` });
    expect(await project.migrate()).toMatchObject({ steps: [] });
    const other = await engineProject(
      Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path, `\uFEFF${text.replaceAll("\n", "\r\n")}`])),
    );
    await other.migrate();
    expect(await compareCatalogs(await project.catalog(), await other.catalog())).toEqual([]);
  });

  test("refuses a database that holds somebody else's tables, unless told otherwise", async () => {
    const project = await engineProject(FILES);
    await project.query("create table public.theirs (id int)");
    expect(await failure(project.migrate())).toMatchObject({
      code: "DATABASE_NOT_EMPTY",
      message: expect.stringContaining("public.theirs"),
    });
    await project.migrate({ allowNonEmpty: true });
  });

  test("warns of privileges that PostgreSQL did not give or take", async () => {
    const { owner, superuser } = inject("server");
    const project = await engineProject({
      "migrations/0001_api.sql": "create schema api;\n-- Down Migration\ndrop schema api;\n",
      "policies/theirs.sql":
        "revoke select on theirs.users from pg_monitor;\ngrant insert on theirs.users to pg_monitor;\n",
      "policies/other.sql": "grant usage on schema api to pg_monitor;\n",
    });
    await queryRows(
      { ...superuser, database: project.spec.database },
      `create schema theirs; create table theirs.users (id int); grant usage on schema theirs to "${owner.user}"; grant select on theirs.users to "${owner.user}", pg_monitor`,
    );
    const { warnings } = await project.migrate({ allowNonEmpty: true });
    expect(warnings).toEqual([
      'policies/theirs.sql: no privileges could be revoked for "users": only who gave them, or may give them, can',
      'policies/theirs.sql: no privileges were granted for "users": only who gave them, or may give them, can',
    ]);
  });

  test("tells PostgREST to read the schema again, at the commit", async () => {
    const project = await engineProject(FILES);
    const heard: string[] = [];
    const pg = await import("pg");
    const client = new pg.default.Client({ ...project.spec, ssl: false });
    await client.connect();
    client.on("notification", ({ payload }) => void heard.push(payload ?? ""));
    await client.query("listen pgrst");
    await project.migrate();
    await client.query("select 1");
    await client.end();
    expect(heard).toContain("reload schema");
  });
});

test("another role than the one that deployed first is refused, since what it made would be open to everybody", async () => {
  const project = await deployed();
  const { owner, superuser } = inject("server");
  await queryRows(superuser, "create role engine_other login password 'other'");
  try {
    const databaseUrl = connectionUrl({ ...project.spec, user: "engine_other", password: "other" });
    expect(await failure(project.migrate({ databaseUrl }))).toMatchObject({
      code: "PERMISSION_DENIED",
      sqlState: "42501",
    });
    await queryRows(superuser, `grant ${owner.user} to engine_other`);
    const error = await failure(project.migrate({ databaseUrl }));
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", hint: `connect as ${owner.user}` });
  } finally {
    await queryRows(superuser, "drop role engine_other");
  }
});

describe("a ledger that somebody else has prepared steers no deployment:", () => {
  const MADE_BY_INTRUDER = {
    schema: "create schema tm_db; grant all on schema tm_db to public",
    "table with a trigger":
      "create table tm_db.deployments (id bigint generated always as identity, kind text, started_at timestamptz, duration_ms integer, tool_version text, commit text);" +
      "create trigger t before insert on tm_db.deployments for each row execute function public.take()",
    "view that runs a function": "create view tm_db.files as select public.take_now() as path",
  };

  async function intrude(project: EngineProject, what: keyof typeof MADE_BY_INTRUDER): Promise<void> {
    const superuser = { ...inject("server").superuser, database: project.spec.database };
    await project.query(
      `create table public.taken (who name);
       create function public.take() returns trigger language plpgsql as 'begin insert into public.taken values (current_user); return new; end';
       create function public.take_now() returns text language sql as 'insert into public.taken values (current_user) returning who';
       ${what === "schema" ? "" : "create schema tm_db; grant all on schema tm_db to public"}`,
    );
    await queryRows(
      superuser,
      `create role engine_intruder; grant create on database "${superuser.database}" to engine_intruder`,
    );
    onTestFinished(async () => {
      await queryRows(superuser, "drop owned by engine_intruder cascade; drop role engine_intruder");
    });
    await queryRows(superuser, `set role engine_intruder; ${MADE_BY_INTRUDER[what]}`);
  }

  test("a schema of somebody else", async () => {
    const project = await engineProject(FILES);
    await intrude(project, "schema");
    expect(await failure(project.migrate({ allowNonEmpty: true }))).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("the schema tm_db belongs to the role engine_intruder"),
    });
    expect(await schemas(project)).toEqual(["tm_db"]);
  });

  test.each(["table with a trigger", "view that runs a function"] as const)("a %s in the schema", async (what) => {
    const project = await engineProject(FILES);
    await intrude(project, what);
    const refusal = { code: "PERMISSION_DENIED", message: expect.stringContaining("of the role engine_intruder") };
    expect(await failure(project.migrate({ allowNonEmpty: true }))).toMatchObject(refusal);
    expect(await failure(project.status())).toMatchObject(refusal);
    expect(await project.query("select who from public.taken")).toEqual([]);
  });

  test("an empty schema of the deploying role is no hindrance", async () => {
    const project = await engineProject(FILES);
    await project.query("create schema tm_db");
    await project.migrate();
  });
});

describe("what stands in the search_path with a name of PostgreSQL's own", () => {
  // The ledger is read with json_agg(), whose arguments are of any type: this one fits better.
  const AGGREGATE =
    "create function public.take(json, record) returns json language plpgsql as 'begin insert into public.taken values (current_user); return $1; end';" +
    "create aggregate public.json_agg(record) (sfunc = public.take, stype = json, initcond = '[]');" +
    "grant execute on function public.take(json, record), public.json_agg(record) to public";
  const OPERATOR =
    "create function public.take(name, name) returns boolean language plpgsql as 'begin insert into public.taken values (current_user); return true; end';" +
    "create operator public.~~ (leftarg = name, rightarg = name, function = public.take)";

  async function plant(what: string): Promise<EngineProject> {
    const project = await deployed();
    const superuser = { ...inject("server").superuser, database: project.spec.database };
    await project.query("create table public.taken (who name)");
    await queryRows(superuser, `create role engine_intruder; grant create on schema public to engine_intruder`);
    onTestFinished(async () => {
      await queryRows(superuser, "drop owned by engine_intruder cascade; drop role engine_intruder");
    });
    await queryRows(superuser, `set role engine_intruder; ${what}`);
    return project;
  }

  test.each([
    ["function public.json_agg", AGGREGATE],
    ["operator public.~~", OPERATOR],
  ])("is never called when it is somebody else's: %s", async (name, sql) => {
    const project = await plant(sql);
    const refusal = {
      code: "PERMISSION_DENIED",
      message: `the ${name} of the role engine_intruder could be called in the place of PostgreSQL's own`,
    };
    expect(await failure(project.migrate())).toMatchObject(refusal);
    expect(await failure(project.status())).toMatchObject(refusal);
    expect(await failure(project.rollback())).toMatchObject(refusal);
    const options = { projectDir: project.dir, env: {}, databaseUrl: connectionUrl(project.spec), onEvent: () => {} };
    for (const look of [audit, doctor, refresh]) expect(await failure(look(options))).toMatchObject(refusal);
    expect(await project.query("select who from public.taken")).toEqual([]);
  });

  test("is no hindrance when it is one's own, or a superuser's, and other names are none either", async () => {
    const project = await plant("create function public.engine_other() returns int language sql as 'select 1'");
    await project.query("create function public.age(text) returns int language sql as 'select 1'");
    await queryRows(
      { ...inject("server").superuser, database: project.spec.database },
      "create function public.abs(text) returns int language sql as 'select 1'",
    );
    await project.migrate();
    await project.rollback();
  });
});

describe("the history of migrations", () => {
  test.each([
    ["MIGRATION_EDITED", { "migrations/0002_tasks.sql": "create table api.tasks (id int);" }],
    ["MIGRATION_MISSING", { "migrations/0001_schemas.sql": null }],
    ["MIGRATION_OUT_OF_ORDER", { "migrations/0000_before.sql": "create table public.early (id int);" }],
  ] as const)("%s stops the run by name, before anything is written", async (code, change) => {
    const project = await deployed();
    project.write({ ...change, "migrations/0003_next.sql": "create table api.next (id int);" });
    const error = await failure(project.migrate());
    expect(error.code).toBe(code);
    expect(error.problems).toEqual([{ message: Object.keys(change)[0] }]);
    expect(await project.query("select to_regclass('api.next') as found")).toEqual([{ found: null }]);
  });

  test("a migration that stands before an applied one is applied when that is asked for", async () => {
    const project = await deployed();
    project.write({ "migrations/0000_before.sql": "create table public.early (id int);" });
    expect((await project.migrate({ allowOutOfOrder: true })).steps).toHaveLength(1);
    expect(await project.migrate()).toMatchObject({ steps: [] });
  });

  test("two migrations with one number are refused", async () => {
    const project = await engineProject({ ...FILES, "migrations/2_other.sql": "select 1;" });
    const error = await failure(project.migrate());
    expect(error).toMatchObject({ code: "MIGRATION_DUPLICATE" });
    expect(error.problems[0]?.message).toMatch(/0002_tasks\.sql and|2_other\.sql and/);
  });

  test("node-pg-migrate's own runner finds nothing to do in a database that tm-db deployed", async () => {
    const project = await deployed();
    const { runner } = await import("node-pg-migrate");
    const { host, port, user, password, database } = project.spec;
    const ran = await runner({
      databaseUrl: { host, port, user, password, database },
      dir: `${project.dir}/migrations`,
      migrationsSchema: "tm_db",
      migrationsTable: "migrations",
      direction: "up",
      log: () => {},
    });
    expect(ran).toEqual([]);
  });

  test("a deployment waits while node-pg-migrate holds its lock", async () => {
    const project = await engineProject(FILES);
    const { PG_MIGRATE_LOCK_ID } = await import("node-pg-migrate");
    const pg = await import("pg");
    const client = new pg.default.Client({ ...project.spec, ssl: false, application_name: "node-pg-migrate" });
    await client.connect();
    await client.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`);
    let isDone = false;
    const waiting = project.migrate().then(() => (isDone = true));
    await expect
      .poll(() => project.events)
      .toContainEqual({ kind: "waiting-for-lock", holder: expect.stringContaining("node-pg-migrate") });
    expect(isDone).toBe(false);
    // Who waits is not waited for: an index that is built concurrently for the holder of the lock gets done.
    const builder = new pg.default.Client({ ...project.spec, ssl: false, statement_timeout: 10_000 });
    await builder.connect();
    await builder.query("create table public.theirs (id int)");
    await builder.query("create index concurrently theirs_id_idx on public.theirs (id)");
    await builder.query("drop table public.theirs");
    await builder.end();
    await client.end();
    await waiting;
  });

  test("TypeScript migrations in node-pg-migrate's form run, and are rolled back without their file", async () => {
    const project = await deployed();
    const before = await project.catalog();
    project.write({
      "migrations/0003_notes.ts":
        "import type { MigrationBuilder } from 'node-pg-migrate';\nexport const shorthands = { id: { type: 'bigint', primaryKey: true } };\n" +
        "export function up(pgm: MigrationBuilder): void { pgm.createTable({ schema: 'api', name: 'notes' }, { id: 'id', body: 'text' }); }\n",
    });
    await project.migrate();
    expect(await project.query("select to_regclass('api.notes')::text as found")).toEqual([{ found: "api.notes" }]);
    project.write({ "migrations/0003_notes.ts": null });
    await project.rollback({ kind: "steps", count: 1 });
    expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  });

  test("a marker in a string or a function's body does not split a migration", async () => {
    const project = await engineProject({
      "migrations/0001_text.sql":
        "-- Up Migration\ncreate table public.texts (t text default '\n-- Down Migration\n');\ncreate function public.f() returns text language sql as $$\n" +
        "-- Down Migration\nselect 'x' $$;\n-- Down Migration\ndrop function public.f();\ndrop table public.texts;\n",
    });
    await project.migrate();
    expect(await project.query("select public.f() as f")).toEqual([{ f: "x" }]);
    await project.rollback();
    expect(await project.query("select to_regclass('public.texts') as found")).toEqual([{ found: null }]);
  });

  test.each(["commit;", "begin;\nselect 1;", "select 1;\nROLLBACK ;", "start transaction;"])(
    "a migration that says %j is refused before anything runs",
    async (statement) => {
      const project = await engineProject({
        "migrations/0001_x.sql": `create table public.x (id int);\n${statement}\n`,
      });
      expect(await failure(project.migrate())).toMatchObject({
        code: "MIGRATION_INVALID",
        location: { file: "migrations/0001_x.sql" },
      });
      expect(await project.query("select to_regclass('public.x') as found")).toEqual([{ found: null }]);
    },
  );

  test("the words begin and end in a function's body are no transaction control", async () => {
    const project = await engineProject({
      "migrations/0001_x.sql":
        "do $$ begin perform 1; end $$;\ncreate function public.f() returns int begin atomic select 1; select 2; end;\n" +
        "-- Down Migration\ndrop function public.f();\n",
    });
    await project.migrate();
  });
});

describe("functions, views and policies", () => {
  test("a changed body is replaced in place, although a column's default needs the function", async () => {
    const project = await deployed();
    const [before] = await project.query("select 'auth.user_id()'::regprocedure::oid as oid");
    project.write({
      "functions/auth/user_id.sql":
        "create function auth.user_id() returns bigint language sql stable security definer set search_path = '' as 'select 2::bigint';\n" +
        "grant execute on function auth.user_id() to pg_monitor;\ncomment on function auth.user_id() is 'two';\n",
    });
    expect((await project.migrate()).steps.map(({ action, path }) => `${action} ${path}`)).toEqual([
      "replace functions/auth/user_id.sql",
    ]);
    expect(await project.query("select 'auth.user_id()'::regprocedure::oid as oid")).toEqual([before]);
    await expectFreshCatalog(project);
    project.write({ "functions/auth/user_id.sql": FILES["functions/auth/user_id.sql"] });
    await project.migrate();
    await expectFreshCatalog(project);
  });

  test("a view whose columns change takes what depends on it along, and names it", async () => {
    const project = await deployed();
    project.write({
      "views/api/task_list.sql": "create view api.task_list as select 'new' as name, t.id from api.tasks as t;\n",
    });
    const { steps } = await project.migrate();
    expect(steps).toContainEqual(
      expect.objectContaining({ path: "functions/api/count_tasks.sql", because: "views/api/task_list.sql" }),
    );
    await expectFreshCatalog(project);
  });

  test("a function that something unmanaged holds and whose return type changed is refused by name", async () => {
    const project = await deployed();
    project.write({
      "functions/auth/user_id.sql": "create function auth.user_id() returns integer language sql as 'select 1';\n",
    });
    const error = await failure(project.migrate());
    expect(error.code).toBe("OBJECT_HELD");
    expect(error.problems[0]?.message).toContain("column owner of table api.tasks");
  });

  test("what a deleted file made goes: policies, grants, flags, comments", async () => {
    const project = await deployed();
    project.write({
      "policies/api/tasks.sql": null,
      "views/api/task_list.sql": null,
      "functions/api/count_tasks.sql": null,
    });
    await project.migrate();
    await expectFreshCatalog(project);
    const [table] = await project.query<{ rls: boolean; acl: string | null }>(
      "select relrowsecurity as rls, has_any_column_privilege('pg_monitor', oid, 'select')::text as acl from pg_class where oid = 'api.tasks'::regclass",
    );
    expect(table).toEqual({ rls: false, acl: "false" });
  });

  test("a table that a migration makes anew gets its protection back in the same deployment", async () => {
    const project = await deployed();
    project.write({
      "migrations/0003_anew.sql":
        "-- tm-db: retract views/api/task_list.sql\n-- Up Migration\ndrop table api.tasks;\n" +
        "create table api.tasks (id bigint primary key, owner bigint default auth.user_id());\n",
    });
    await project.migrate();
    await expectFreshCatalog(project);
    expect(await project.query("select relrowsecurity as rls from pg_class where oid = 'api.tasks'::regclass")).toEqual(
      [{ rls: true }],
    );
  });

  test("a migration that a policy stands in the way of is told which file to retract", async () => {
    const project = await deployed();
    const migration = "-- Up Migration\nalter table api.tasks drop column owner;\n";
    project.write({ "migrations/0003_drop.sql": migration });
    const error = await failure(project.migrate());
    expect(error).toMatchObject({
      code: "OBJECT_HELD",
      hint: expect.stringContaining("-- tm-db: retract policies/api/tasks.sql"),
    });
    project.write({
      "migrations/0003_drop.sql": `-- tm-db: retract policies/api/tasks.sql\n${migration}`,
      "policies/api/tasks.sql": "alter table api.tasks enable row level security;\n",
    });
    await project.migrate();
    await expectFreshCatalog(project);
  });

  test.each([
    ["functions/api/x.sql", "create table api.x (id int);", "cannot be taken back"],
    ["functions/api/x.sql", "drop function auth.user_id();", "cannot be taken back"],
    ["policies/api/x.sql", "alter table api.tasks add column x int;", "only row level security"],
    ["policies/api/x.sql", "grant select on all tables in schema api to pg_monitor;", "all objects of a schema"],
    ["policies/api/x.sql", "create policy p on tasks using (true);", "not schema-qualified"],
    ["policies/api/x.sql", "create view api.x as select 1;", "move it to views/"],
    ["views/api/x.sql", "do $$ begin end $$;", "cannot be taken back"],
    ["functions/api/x.sql", "grant pg_monitor to postgres;", "cannot be taken back"],
  ])("%s may not hold: %s", async (path, sql, why) => {
    const project = await engineProject({ ...FILES, [path]: `-- first\n${sql}\n` });
    const error = await failure(project.migrate());
    expect(error.code).toBe("REPEATABLE_STATEMENT");
    expect(error.problems[0]?.message).toContain(why);
    expect(error.problems[0]?.location).toMatchObject({ file: path, line: 2 });
    expect(await schemas(project)).toEqual([]);
  });

  test("two files may not declare the same thing", async () => {
    const project = await engineProject({
      ...FILES,
      "views/api/again.sql": "grant select on api.task_list to pg_monitor;\n",
    });
    const error = await failure(project.migrate());
    expect(error.code).toBe("REPEATABLE_DUPLICATE");
    expect(error.problems[0]?.message).toMatch(/is declared in views\/api\/(task_list|again)\.sql already/);
  });

  test("an object that nobody of the project made is not overwritten", async () => {
    const project = await deployed();
    await project.query("create function api.mine() returns int language sql as 'select 1'");
    project.write({
      "functions/api/mine.sql": "create or replace function api.mine() returns int language sql as 'select 2';\n",
    });
    expect(await failure(project.migrate())).toMatchObject({ code: "OBJECT_EXISTS", sqlState: "42723" });
    expect(await project.query("select api.mine() as mine")).toEqual([{ mine: 1 }]);
  });

  test("functions in SQL that call each other in a circle are made", async () => {
    const project = await engineProject({
      ...FILES,
      "functions/api/ping.sql":
        "create function api.ping(n int) returns int language sql as 'select case when n > 0 then api.pong(n - 1) end';\n",
      "functions/api/pong.sql":
        "create function api.pong(n int) returns int language sql as 'select case when n > 0 then api.ping(n - 1) end';\n",
    });
    await project.migrate();
    expect(await project.query("select api.ping(3) as ping")).toEqual([{ ping: null }]);
  });

  test("a circle hides no mistake: a body that names something unknown is refused", async () => {
    const project = await engineProject({
      ...FILES,
      "functions/api/ping.sql":
        "create function api.ping(n int) returns int language sql as 'select api.pong(n - 1)';\n",
      "functions/api/pong.sql":
        "create function api.pong(n int) returns int language sql as 'select api.ping(n - 1) + nothing';\n",
    });
    expect(await failure(project.migrate())).toMatchObject({ code: "SQL_ERROR", sqlState: "42883" });
    expect(await schemas(project)).toEqual([]);
  });

  test("odd names, overloads and types of arguments survive change and removal", async () => {
    const odd = (body: string): string =>
      `create function api."Odd "" name.x"(a "char", b text[], variadic c numeric[] default '{}') returns text language sql as $$ select '${body}' $$;\n` +
      `comment on function api."Odd "" name.x"("char", text[], numeric[]) is 'it''s \\ odd';\n` +
      `create function api."Odd "" name.x"() returns setof api.tasks language sql as 'select * from api.tasks';\n` +
      `revoke execute on function api."Odd "" name.x"() from public;\n`;
    const project = await deployed({ ...FILES, "functions/api/odd.sql": odd("one") });
    project.write({ "functions/api/odd.sql": odd("two") });
    await project.migrate();
    await expectFreshCatalog(project);
    project.write({ "functions/api/odd.sql": null });
    await project.migrate();
    await expectFreshCatalog(project);
  });
});

describe("a rollback", () => {
  test("takes the last deployment back exactly, functions and policies included", async () => {
    const project = await deployed();
    const before = await project.catalog();
    project.write({
      "migrations/0003_more.sql":
        "-- Up Migration\ncreate table api.more (id int);\n-- Down Migration\ndrop table api.more;\n",
      "functions/auth/user_id.sql":
        "create function auth.user_id() returns bigint language sql volatile as 'select 9::bigint';\n",
      "views/api/task_list.sql": "create view api.task_list as select 1 as only_column;\n",
      "views/api/more_list.sql": "create view api.more_list as select m.id from api.more as m;\n",
      "policies/api/more.sql":
        "alter table api.more enable row level security;\ngrant all on api.more to pg_monitor;\n",
      "policies/api/tasks.sql": null,
    });
    await project.migrate();
    await expectFreshCatalog(project);
    await project.rollback();
    expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
    expect((await project.status()).files.filter(({ state }) => state !== "applied").length).toBeGreaterThan(0);
    await project.migrate();
    await expectFreshCatalog(project);
  });

  test("twice takes back the two last deployments, and then there is nothing left", async () => {
    const project = await engineProject({
      "migrations/0001_a.sql": "create table public.a (id int);\n-- Down Migration\ndrop table public.a;\n",
    });
    const empty = await project.catalog();
    await project.migrate();
    const first = await project.catalog();
    project.write({ "views/public/v.sql": "create view public.v as select a.id from public.a as a;\n" });
    await project.migrate();
    await project.rollback();
    expect(await compareCatalogs(first, await project.catalog())).toEqual([]);
    await project.rollback();
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
    expect(await failure(project.rollback())).toMatchObject({ code: "NOTHING_TO_ROLL_BACK" });
  });

  test("by steps keeps the repeatables that still have what they need, and names those that go", async () => {
    const project = await deployed({
      ...FILES,
      "migrations/0003_more.sql":
        "-- Up Migration\ncreate table api.more (id int);\n-- Down Migration\ndrop table api.more;\n",
      "policies/api/more.sql": "alter table api.more enable row level security;\n",
    });
    const result = await project.rollback({ kind: "steps", count: 1 });
    expect(result.leftOut).toEqual(["policies/api/more.sql"]);
    project.write({ "migrations/0003_more.sql": null, "policies/api/more.sql": null });
    await expectFreshCatalog(project);
    expect(await project.migrate()).toMatchObject({ steps: [] });
  });

  test("to a migration takes back everything after it, and all takes back everything", async () => {
    const project = await engineProject(FILES);
    const empty = await project.catalog();
    await project.migrate();
    await project.rollback({ kind: "to", name: "0001_schemas" });
    expect(await schemas(project)).toEqual(["api", "auth", "tm_db"]);
    expect(await failure(project.rollback({ kind: "to", name: "0009" }))).toMatchObject({ code: "USAGE" });
    await project.migrate();
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });

  test("that takes everything back is asked about, where somebody is there to ask", async () => {
    const project = await deployed();
    const asked: string[] = [];
    const options = {
      asks: true,
      confirm: async (question: string) => {
        asked.push(question);
        return await Promise.resolve(false);
      },
    };
    for (const to of [undefined, { kind: "steps", count: 99 }, { kind: "all" }] as const)
      await expect(project.rollback(to, options)).rejects.toMatchObject({ code: "NOT_CONFIRMED" });
    expect(asked).toHaveLength(3);
    expect((await project.migrate()).steps).toEqual([]);
    await project.rollback({ kind: "steps", count: 1 }, options);
    project.write({ "functions/api/more.sql": "create function api.more() returns int language sql as 'select 1';" });
    await project.migrate();
    await project.rollback(undefined, { ...options, dryRun: true });
    await project.rollback(undefined, options);
    expect(asked).toHaveLength(3);
  });

  test("works when every file has gone", async () => {
    const project = await engineProject(FILES);
    const empty = await project.catalog();
    await project.migrate();
    for (const path of Object.keys(FILES)) project.write({ [path]: null });
    await project.rollback();
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });

  test("a migration without a way back stops it beforehand, by name", async () => {
    const project = await deployed({ ...FILES, "migrations/0003_one_way.sql": "create table api.one_way (id int);\n" });
    const error = await failure(project.rollback());
    expect(error).toMatchObject({
      code: "MIGRATION_NO_WAY_BACK",
      problems: [{ message: "migrations/0003_one_way.sql" }],
    });
    await expectFreshCatalog(project);
  });

  test("a dry run shows the SQL and writes nothing", async () => {
    const project = await deployed();
    const before = await project.catalog();
    const result = await project.rollback({ kind: "all" }, { dryRun: true });
    expect(result.sql.map(({ path }) => path)).toEqual(["migrations/0002_tasks.sql", "migrations/0001_schemas.sql"]);
    expect(result.sql[0]?.sql).toContain("drop table api.tasks");
    expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  });

  test("a down part that fails changes nothing, and its place is shown", async () => {
    const project = await deployed({
      ...FILES,
      "migrations/0003_bad.sql": "create table api.b (id int);\n-- Down Migration\ndrop table api.c;\n",
    });
    const before = await project.catalog();
    expect(await failure(project.rollback())).toMatchObject({
      code: "SQL_ERROR",
      location: { file: "migrations/0003_bad.sql", line: 3 },
    });
    expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  });
});

describe("a migration outside of a transaction", () => {
  const TABLE = {
    "migrations/0001_notes.sql":
      "-- Up Migration\ncreate schema api;\ncreate table api.notes (id bigint primary key, body text);\n" +
      "-- Down Migration\ndrop table api.notes;\ndrop schema api;\n",
    "policies/api/notes.sql":
      "alter table api.notes enable row level security;\ngrant select on api.notes to pg_monitor;\n",
    "policies/api/labels.sql": "grant select on api.labels to pg_monitor;\n",
  };
  const INDEX = {
    "migrations/0002_index.sql":
      "-- tm-db: no-transaction\n-- Up Migration\ncreate index concurrently notes_body_idx on api.notes (body);\n" +
      "create index concurrently notes_id_idx on api.notes (id, body);\n" +
      "-- Down Migration\ndrop index api.notes_body_idx;\ndrop index api.notes_id_idx;\n",
    "migrations/0003_labels.sql":
      "-- Up Migration\ncreate table api.labels (id bigint);\n-- Down Migration\ndrop table api.labels;\n",
  };
  const brokenIndex = (first: string): string =>
    `-- tm-db: no-transaction\n-- Up Migration\n${first}\ncreate unique index concurrently notes_body_idx on api.notes (body);\n` +
    "-- Down Migration\ndrop index if exists api.notes_body_idx;\n";

  async function indexes(project: EngineProject): Promise<string[]> {
    const rows = await project.query<{ name: string }>(
      "select indexrelid::regclass::text as name from pg_index where indrelid = to_regclass('api.notes') and not indisprimary and indisvalid order by 1",
    );
    return rows.map(({ name }) => name);
  }

  test("is a deployment of its own, between what stands before it and the rest", async () => {
    const project = await engineProject({ ...TABLE, ...INDEX });
    const { steps } = await project.migrate();
    expect(steps.map(({ path }) => path)).toEqual([
      "migrations/0001_notes.sql",
      "policies/api/notes.sql",
      "migrations/0002_index.sql",
      "migrations/0003_labels.sql",
      "policies/api/labels.sql",
    ]);
    expect(await indexes(project)).toEqual(["api.notes_body_idx", "api.notes_id_idx"]);
    expect((await project.status()).deployments).toHaveLength(3);
    expect((await project.migrate()).steps).toEqual([]);
    await expectFreshCatalog(project);
    await project.rollback({ kind: "steps", count: 2 });
    expect(await indexes(project)).toEqual([]);
    await project.rollback({ kind: "all" });
    expect(await schemas(project)).toEqual(["tm_db"]);
  });

  test("no new table is committed without its protection, and a changed file waits for the end", async () => {
    const project = await engineProject(TABLE);
    project.write({ "policies/api/labels.sql": null });
    await project.migrate();
    project.write({
      "migrations/0002_extra.sql": "-- Up Migration\ncreate table api.extra (id bigint);\n",
      "policies/api/extra.sql": "alter table api.extra enable row level security;\n",
      "migrations/0003_fails.sql": brokenIndex("insert into api.notes values (1, 'a'), (2, 'a');"),
      "migrations/0004_rank.sql": "-- Up Migration\nalter table api.notes add column rank int;\n",
      "policies/api/notes.sql": `${TABLE["policies/api/notes.sql"]}grant select (rank) on api.notes to pg_monitor;\n`,
    });
    const error = await failure(project.migrate());
    expect(error.code).toBe("SQL_ERROR");
    const [protection] = await project.query<{ extra: boolean; notes: boolean; readable: boolean }>(
      `select (select relrowsecurity from pg_class where oid = 'api.extra'::regclass) as extra,
         (select relrowsecurity from pg_class where oid = 'api.notes'::regclass) as notes,
         has_table_privilege('pg_monitor', 'api.notes', 'select') as readable`,
    );
    expect(protection).toEqual({ extra: true, notes: true, readable: true });
  });

  test("one that ends halfway stops everything until it is settled", async () => {
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_index.sql": brokenIndex("insert into api.notes values (1, 'a'), (2, 'a');"),
    });
    const error = await failure(project.migrate());
    expect(error.location).toMatchObject({ file: "migrations/0002_index.sql", line: 4 });
    expect(error.detail).toContain("1 of its 2 statement(s) have run");
    expect(error.detail).toContain("drop index concurrently api.notes_body_idx;");
    expect(error.hint).toContain("npx tm-db resolve 0002_index --applied");

    expect((await failure(project.migrate())).code).toBe("MIGRATION_UNFINISHED");
    expect((await failure(project.rollback())).code).toBe("MIGRATION_UNFINISHED");
    expect((await failure(project.migrate({ dryRun: true }))).code).toBe("MIGRATION_UNFINISHED");
    expect((await project.status()).files.find(({ state }) => state === "unfinished")?.path).toBe(
      "migrations/0002_index.sql",
    );

    expect((await failure(project.resolve("0001", "applied"))).code).toBe("USAGE");
    await project.query("drop index api.notes_body_idx");
    await project.query("delete from api.notes");
    await project.resolve("0002", "rolled-back");
    project.write({
      "migrations/0002_index.sql": brokenIndex("insert into api.notes values (1, 'a'), (2, 'b');"),
    });
    await project.migrate();
    expect(await indexes(project)).toEqual(["api.notes_body_idx"]);
    expect((await failure(project.resolve("0002", "applied"))).code).toBe("NOTHING_TO_RESOLVE");
  });

  test("one that was finished by hand counts as applied, and can be rolled back", async () => {
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_index.sql": brokenIndex("insert into api.notes values (1, 'a'), (2, 'a');"),
    });
    await failure(project.migrate());
    await project.resolve("migrations/0002_index.sql", "applied");
    expect((await project.migrate()).steps).toEqual([]);
    await project.rollback({ kind: "steps", count: 1 });
    expect(await project.query("select 1 from pg_index where not indisvalid")).toEqual([]);
  });

  test("a first statement that cannot have done anything leaves nothing to settle", async () => {
    const project = await engineProject({ ...TABLE, "policies/api/labels.sql": "" });
    for (const first of ["select nowhere();", "selct 1;"]) {
      project.write({ "migrations/0002_index.sql": brokenIndex(first) });
      expect(await failure(project.migrate())).toMatchObject({ code: "SQL_ERROR", location: { line: 3 } });
    }
    project.write({ "migrations/0002_index.sql": brokenIndex("select 1;") });
    await project.migrate();
    expect(await indexes(project)).toEqual(["api.notes_body_idx"]);
  });

  test("a first statement that has committed something leaves that to settle, and no drift where it only vacuums", async () => {
    const backfill =
      "-- Up Migration\ncreate procedure api.fill(n int) language plpgsql as $$ begin\n" +
      "insert into api.notes values (n); commit; perform 1 / (n - 1); end $$;\n-- Down Migration\ndrop procedure api.fill;\n";
    const calls = (n: number): string =>
      `-- tm-db: no-transaction\n-- Up Migration\ncall api.fill(${n});\n-- Down Migration\n`;
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_fill.sql": backfill,
      "migrations/0003_vacuum.sql": "-- tm-db: no-transaction\n-- Up Migration\nvacuum api.notes;\n-- Down Migration\n",
    });
    await project.migrate();
    await expectFreshCatalog(project);
    project.write({ "migrations/0004_call.sql": calls(1) });
    const failed = await failure(project.migrate());
    expect(failed).toMatchObject({ code: "SQL_ERROR", sqlState: "22012", location: { line: 3 } });
    expect(failed.hint).toContain("tm-db resolve 0004_call");
    expect(await project.query("select id from api.notes")).toEqual([{ id: "1" }]);
    await expect(project.migrate()).rejects.toMatchObject({ code: "MIGRATION_UNFINISHED" });
  });

  test("what it makes for a while ends with it", async () => {
    const temporary = "-- tm-db: no-transaction\n-- Up Migration\ncreate temp table x (id int);\n-- Down Migration\n";
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_x.sql": temporary,
      "migrations/0003_x.sql": temporary,
    });
    expect((await project.migrate()).steps.map(({ path }) => path)).toContain("migrations/0003_x.sql");
  });

  test("a role that it sets is its own, and the ledger is written as who deploys", async () => {
    const { owner, superuser } = inject("server");
    await queryRows(superuser, `create role alone_role; grant alone_role to "${owner.user}"`);
    const project = await deployed({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_role.sql":
        "-- tm-db: no-transaction\n-- Up Migration\ngrant usage on schema api to alone_role;\nset role alone_role;\nselect 1;\n" +
        "reset role;\nset role alone_role;\n-- Down Migration\nrevoke usage on schema api from alone_role;\n",
    });
    expect((await project.status()).files.map(({ state }) => state)).not.toContain("pending");
    expect((await project.migrate()).steps).toEqual([]);
  });

  test("Ctrl-C in the middle says what is left to settle, and not that everything was rolled back", async () => {
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_index.sql": brokenIndex("select 1;"),
    });
    project.write({ "migrations/0002_index.sql": brokenIndex("select 1;\nselect pg_sleep(30);") });
    const interrupt = new AbortController();
    const error = failure(project.migrate({ signal: interrupt.signal }));
    const asleep = "select from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()";
    await expect.poll(async () => (await project.query(asleep)).length, { timeout: 10_000 }).toBe(1);
    interrupt.abort();
    expect(await error).toMatchObject({ code: "INTERRUPTED", location: { line: 4 } });
    expect((await error).message).not.toContain("rolled back");
    expect((await error).hint).toContain("npx tm-db resolve 0002_index --rolled-back");
    expect((await failure(project.migrate())).code).toBe("MIGRATION_UNFINISHED");
  });

  test("others who deploy meanwhile wait for it, and it does not wait for them", async () => {
    const project = await engineProject({ ...TABLE, ...INDEX });
    const [first, second] = await Promise.all([project.migrate(), project.migrate()]);
    expect([first.steps.length, second.steps.length].reduce((sum, count) => sum + count)).toBe(5);
    expect((await project.status()).upToDate).toBe(true);
  });

  test("a script says pgm.noTransaction()", async () => {
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_index.js":
        'exports.up = (pgm) => { pgm.noTransaction(); pgm.createIndex({ schema: "api", name: "notes" }, "body", { name: "notes_body_idx", concurrently: true }); };\n' +
        'exports.down = (pgm) => { pgm.sql("drop index api.notes_body_idx"); };\n',
    });
    await project.migrate();
    expect(await indexes(project)).toEqual(["api.notes_body_idx"]);
  });

  test("without the directive PostgreSQL's refusal names it", async () => {
    const project = await engineProject({
      ...TABLE,
      "policies/api/labels.sql": "",
      "migrations/0002_index.sql": "-- Up Migration\ncreate index concurrently notes_body_idx on api.notes (body);\n",
    });
    expect((await failure(project.migrate())).hint).toContain("-- tm-db: no-transaction");
    expect(await schemas(project)).toEqual([]);
  });
});

describe("a lock that is not free", () => {
  async function blocked() {
    const project = await deployed();
    const holder = new pg.Client(clientConfig(project));
    await holder.connect();
    onTestFinished(async () => await holder.end());
    await holder.query("begin");
    await holder.query("lock table api.tasks in access share mode");
    project.write({ "migrations/0003_more.sql": "-- Up Migration\nalter table api.tasks add column more text;\n" });
    return { project, holder };
  }

  test("ends the deployment with everything rolled back, and the message says who holds it", async () => {
    const { project } = await blocked();
    const error = await failure(project.migrate({ lockTimeoutMs: 400, lockRetries: 0 }));
    expect(error).toMatchObject({ code: "LOCK_TIMEOUT", location: { file: "migrations/0003_more.sql", line: 2 } });
    expect(error.detail).toMatch(/the lock is held by a session \(process \d+, user \w+/);
    expect(project.events).toContainEqual(expect.objectContaining({ kind: "blocked" }));
    expect((await project.status()).files.find(({ path }) => path.includes("0003"))?.state).toBe("pending");
  });

  test("is tried again after a pause, when it may be free", async () => {
    const { project, holder } = await blocked();
    const deploying = project.migrate({ lockTimeoutMs: 200, lockRetries: 1 });
    await expect.poll(() => project.events.some(({ kind }) => kind === "retrying")).toBe(true);
    await holder.query("commit");
    expect((await deploying).steps).toHaveLength(1);
  });
});
