import { expect, inject, test } from "vitest";
import { drift, type DriftOptions } from "../../src/app/drift.ts";
import type { DriftResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { withClient } from "../../src/db/client.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** A library that lends books: a migration with data, one that needs a function, and one file of each folder. */
const LIBRARY = {
  "migrations/0001_books.sql":
    "-- Up Migration\ncreate schema lib;\ncreate table lib.books (id bigint primary key, title text not null);\n" +
    "insert into lib.books values (1, 'Emma');\n-- Down Migration\ndrop table lib.books;\ndrop schema lib;\n",
  "migrations/0002_loans.sql":
    "-- tm-db: needs functions/lib/reader.sql\n-- Up Migration\n" +
    "create table lib.loans (book_id bigint references lib.books, reader text default lib.reader());\n" +
    "-- Down Migration\ndrop table lib.loans;\n",
  "functions/lib/reader.sql":
    "create function lib.reader() returns text language sql stable as $$ select current_user::text $$;\n",
  "views/lib/free.sql":
    "create view lib.free as select b.id from lib.books as b;\ngrant select on lib.free to public;\n",
  "policies/lib/loans.sql":
    "alter table lib.loans enable row level security;\n" +
    "create policy select_own on lib.loans for select to public using (reader = lib.reader());\n",
};

async function drifted(project: EngineProject, options: Partial<DriftOptions> = {}): Promise<DriftResult> {
  const databaseUrl = connectionUrl(project.spec);
  return await drift({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {}, ...options });
}

async function library(): Promise<EngineProject> {
  const project = await engineProject(LIBRARY);
  await project.migrate();
  return project;
}

const words = ({ differences }: DriftResult): string[] => differences.map(({ kind, object }) => `${kind} ${object}`);

test("what was deployed is no drift, nor is what was deployed in steps, changed and rolled back", async () => {
  const project = await engineProject({ "migrations/0001_books.sql": LIBRARY["migrations/0001_books.sql"] });
  await project.migrate();
  project.write(LIBRARY);
  await project.migrate();
  project.write({ "views/lib/free.sql": "create view lib.free as select b.title from lib.books as b;\n" });
  await project.migrate();
  await project.rollback();
  expect(await drifted(project)).toMatchObject({ equal: true, differences: [], against: "deployed", sql: null });
});

test("what ran outside of a transaction is built in one, and is no drift", async () => {
  const project = await library();
  project.write({
    "migrations/0003_index.sql":
      "-- tm-db: no-transaction\n-- Up Migration\ncreate index concurrently books_title_idx on lib.books (title);\n",
  });
  await project.migrate();
  expect(await drifted(project)).toMatchObject({ equal: true });
});

test("a file that waits to be deployed is no drift, but the files as they are now say otherwise", async () => {
  const project = await library();
  project.write({
    "migrations/0003_authors.sql": "create table lib.authors (id bigint);",
    "functions/lib/reader.sql": null,
    "functions/lib/moved.sql": LIBRARY["functions/lib/reader.sql"].replace("current_user", "session_user"),
    "migrations/0002_loans.sql": LIBRARY["migrations/0002_loans.sql"].replace("reader.sql", "moved.sql"),
  });
  expect(await drifted(project)).toMatchObject({ equal: true });
  const now = await drifted(project, { files: true });
  expect(now).toMatchObject({ equal: false, against: "files" });
  expect(words(now)).toEqual(["different function lib.reader()", "missing table lib.authors"]);
  expect(now.differences[0]?.detail.split("\n")).toEqual([
    "definition:",
    "- AS $function$ select session_user::text $function$",
    "+ AS $function$ select current_user::text $function$",
  ]);
});

test("what somebody did by hand is told object by object, and the SQL takes it back", async () => {
  const project = await library();
  await project.query(`
    create function lib."By Hand"(a int) returns int language sql as 'select 1';
    create table lib.extra (id int primary key, note text default 'x');
    create schema other; create table other.t (id int); create view other.v as select 1 as one;
    drop policy select_own on lib.loans;
    alter table lib.loans no force row level security, disable row level security;
    alter table lib.books alter column title drop not null, add column year int;
    create index books_title_idx on lib.books (title);
    revoke select on lib.free from public;
    comment on table lib.books is 'by hand';
    alter function lib.reader() volatile;`);
  const found = await drifted(project, { sql: true });
  expect(words(found)).toEqual(
    [
      "extra column lib.books.year",
      "different column lib.books.title",
      "extra comment on table lib.books",
      'extra function lib."By Hand"(integer)',
      "different function lib.reader()",
      "extra index lib.books_title_idx",
      "missing policy select_own on lib.loans",
      "missing privileges of PUBLIC on view lib.free",
      "extra schema other",
      "extra table lib.extra",
      "different table lib.loans",
    ].toSorted((a, b) => (a.replace(/^\w+ /, "") < b.replace(/^\w+ /, "") ? -1 : 1)),
  );
  expect(found.sql?.leftOut).toEqual([]);
  await project.query(found.sql?.statements.join("\n") ?? "");
  expect(await drifted(project)).toMatchObject({ equal: true });
  expect(await project.query("select title from lib.books")).toEqual([{ title: "Emma" }]);
});

test("what was done to columns of views and partitions, and behind a column or constraint, is told and taken back", async () => {
  const project = await library();
  project.write({
    "migrations/0003_parts.sql": `
      create table lib.visits (id bigint generated always as identity, at date not null default now(), note text)
        partition by range (at);
      create table lib.visits_old partition of lib.visits for values from ('2000-01-01') to ('2020-01-01');
      create table lib.kinds (id int generated always as identity primary key);
      create type lib.span as (a date, b date);
      comment on column lib.visits_old.note is 'deployed'; comment on column lib.span.b is 'deployed';
      alter table lib.visits_old alter note set default 'none'; grant select (note) on lib.visits_old to public;`,
  });
  await project.migrate();
  expect(await drifted(project)).toMatchObject({ equal: true });
  await project.query(`
    grant update (id) on lib.free to public;
    comment on column lib.free.id is 'by hand';
    comment on column lib.visits_old.note is null;
    comment on column lib.span.b is 'by hand';
    alter table lib.visits_old alter note set not null, alter note drop default;
    revoke select (note) on lib.visits_old from public;
    grant usage on sequence lib.kinds_id_seq to public;
    comment on index lib.kinds_pkey is 'by hand';`);
  const found = await drifted(project, { sql: true });
  expect(words(found)).toEqual([
    "different comment on attribute b of type lib.span",
    "extra comment on column lib.free.id",
    "missing comment on column lib.visits_old.note",
    "extra comment on index lib.kinds_pkey",
    "missing default of column lib.visits_old.note",
    "extra not null of column lib.visits_old.note",
    "extra privileges of PUBLIC on column id of view lib.free",
    "missing privileges of PUBLIC on column note of table lib.visits_old",
    "extra privileges of PUBLIC on sequence lib.kinds_id_seq",
  ]);
  expect(found.sql?.leftOut).toEqual([]);
  await project.query(found.sql?.statements.join("\n") ?? "");
  expect(await drifted(project)).toMatchObject({ equal: true });
  await project.query(`
    create view lib.theirs as select 1 as n; comment on column lib.theirs.n is 'by hand';
    grant select (n) on lib.theirs to public; create table lib.others (id int generated always as identity primary key);
    grant usage on sequence lib.others_id_seq to public; comment on index lib.others_pkey is 'by hand'`);
  expect(words(await drifted(project))).toEqual(["extra table lib.others", "extra view lib.theirs"]);
  project.write({ "tm-db.config.json": '{ "ignore": ["table lib.others", "view lib.theirs"] }' });
  expect(await drifted(project)).toMatchObject({ equal: true, ignored: { unmatched: [] } });
});

test("what no SQL is written for is said", async () => {
  const project = await library();
  await project.query("alter table lib.books alter column title set statistics 77");
  const { sql, differences } = await drifted(project, { sql: true });
  expect(sql?.leftOut).toEqual(differences.map(({ object }) => object));
  expect(sql?.leftOut.join()).toContain("lib.books.title");
});

test("what is said of the database itself is no drift: whoever made it may have said so", async () => {
  const project = await library();
  await project.query(`revoke temporary on database "${project.spec.database}" from public`);
  await project.query(`comment on database "${project.spec.database}" is 'made by somebody else'`);
  expect(await drifted(project)).toMatchObject({ equal: true });
  await project.query("comment on schema lib is 'by hand'");
  expect(await drifted(project)).toMatchObject({ equal: false });
});

test("an extension by hand is one difference; its objects are none", async () => {
  const project = await library();
  await project.query("create extension pg_trgm schema lib");
  expect(words(await drifted(project))).toEqual(["extra extension pg_trgm"]);
});

test("roles of the server are left as they are, whatever the files say of them", async () => {
  const project = await engineProject({
    "migrations/0001_role.sql":
      "create role drift_reader nologin;\nalter role drift_reader set work_mem = '5MB';\ncreate schema lib;\ngrant usage on schema lib to drift_reader;\n",
  });
  const settings = "select rolcanlogin, rolconfig from pg_roles where rolname = 'drift_reader'";
  try {
    await project.migrate();
    expect(await drifted(project)).toMatchObject({ equal: true });
    await project.query("alter role drift_reader set work_mem = '9MB'; create role drift_stranger");
    const before = await project.query(settings);
    const found = await drifted(project, { sql: true });
    expect(found.differences).toEqual([
      { kind: "different", object: "setting work_mem of role drift_reader", detail: "5MB → 9MB" },
    ]);
    expect(await project.query(settings)).toEqual(before);
  } finally {
    await project.query(
      "revoke usage on schema lib from drift_reader; drop role drift_reader; drop role if exists drift_stranger",
    );
  }
});

/** One role made outright and one in a `do` block, which also names a role that it does not make. */
const ROLES = {
  "migrations/0001_roles.sql":
    "create role drift_app nologin;\n" +
    "do $$ begin execute format('create role %I nologin', 'drift_guest'); exception when duplicate_object then null; end $$;\n" +
    "grant drift_app to drift_operator;\n",
};

async function withRoles(work: (superuser: (sql: string) => Promise<unknown>) => Promise<void>): Promise<void> {
  const { superuser: spec } = inject("server");
  const superuser = async (sql: string): Promise<unknown> => await queryRows(spec, sql);
  const drop = "drop role if exists drift_app, drift_guest, drift_operator, drift_stranger";
  await superuser(drop);
  try {
    await work(superuser);
  } finally {
    await superuser(drop);
  }
}

test("what somebody gave to a role of the files by hand is told, and nobody's role is another afterwards", async () => {
  await withRoles(async (superuser) => {
    const project = await engineProject(ROLES);
    await project.query("create role drift_operator");
    await project.migrate();
    const self = quoteIdent(project.spec.user);
    // The role that deploys may help itself to what it has made: no drift.
    await superuser(`grant drift_app to ${self}`);
    expect(await drifted(project)).toMatchObject({ equal: true, rolesAsTheyAre: [] });
    await superuser(`
      alter role drift_app bypassrls connection limit 3; alter role drift_app set statement_timeout = 0;
      alter role drift_guest login; create role drift_stranger; alter role drift_stranger createdb;
      grant drift_app to drift_guest; grant pg_read_all_data to drift_guest`);
    await project.query("revoke drift_app from drift_operator");
    const roles =
      "select oid, rolname, rolcanlogin, rolbypassrls, rolconfig from pg_roles where rolname !~ '^pg_' order by 1";
    const before = await project.query(roles);
    const found = await drifted(project, { sql: true });
    expect(found.differences).toEqual([
      { kind: "extra", object: "limits and comment of role drift_app", detail: "" },
      { kind: "extra", object: "membership of drift_guest in drift_app", detail: "" },
      { kind: "missing", object: "membership of drift_operator in drift_app", detail: "" },
      { kind: "extra", object: "options of the membership of drift_guest in pg_read_all_data", detail: "" },
      { kind: "different", object: "role drift_app", detail: "bypass rls: no → yes" },
      { kind: "different", object: "role drift_guest", detail: "login: no → yes" },
      { kind: "extra", object: "setting statement_timeout of role drift_app", detail: "" },
    ]);
    expect(found.sql?.statements.join("\n")).not.toContain("aside");
    expect(await project.query(roles)).toEqual(before);
  });
});

test("a role that may not be made anew is compared as it is, and the answer says so", async () => {
  await withRoles(async (superuser) => {
    await superuser("create role drift_guest superuser; create role drift_operator superuser");
    const project = await engineProject(ROLES);
    await project.migrate();
    expect(await drifted(project)).toMatchObject({ equal: true, rolesAsTheyAre: ["drift_guest", "drift_operator"] });
  });
});

test("a value that was added to an enum is used in the build, roles of its own or not", async () => {
  await withRoles(async () => {
    const project = await engineProject({
      ...ROLES,
      "migrations/0002_enum.sql": "create schema lib; create type lib.e as enum ('a'); create table lib.t (e lib.e);",
      "migrations/0003_value.sql": "-- tm-db: no-transaction\nalter type lib.e add value 'b';",
      "migrations/0004_use.sql": "alter table lib.t alter e set default 'b';",
    });
    await project.query("create role drift_operator");
    await project.migrate();
    const built = drifted(project);
    // Before 17 a value is not to be used in the transaction that adds it, whatever made the type.
    if (inject("server").major >= 17) expect(await built).toMatchObject({ equal: true, rolesAsTheyAre: [] });
    else await expect(built).rejects.toMatchObject({ sqlState: "55P04" });
  });
});

test("a role that somebody is changing is left to them, and compared as it is", async () => {
  await withRoles(async () => {
    const project = await engineProject(ROLES);
    await project.query("create role drift_operator");
    await project.migrate();
    await withClient(project.spec, {}, async (client) => {
      await client.query("begin; alter role drift_app inherit");
      const { rolesAsTheyAre, equal } = await drifted(project);
      expect({ rolesAsTheyAre, equal }).toEqual({
        rolesAsTheyAre: ["drift_app", "drift_guest", "drift_operator"],
        equal: true,
      });
      await client.query("rollback");
    });
    expect(await drifted(project)).toMatchObject({ equal: true, rolesAsTheyAre: [] });
  });
});

test("values of an application's own settings stand in no output: they may be secrets", async () => {
  const project = await library();
  const { database } = project.spec;
  const superuser = { ...inject("server").superuser, database };
  await queryRows(superuser, `alter database ${quoteIdent(database)} set app.jwt_secret = 'hidden-one'`);
  const extra = await drifted(project, { sql: true });
  expect(words(extra)).toEqual(["extra setting app.jwt_secret of the database"]);
  project.write({
    "migrations/0003_setting.sql": `do $$ begin execute format('alter database %I set app.jwt_secret = ''hidden-two''', current_database()); end $$;`,
  });
  await queryRows(superuser, `grant set on parameter app.jwt_secret to ${quoteIdent(project.spec.user)}`);
  const different = await drifted(project, { sql: true, files: true });
  expect(different.differences).toEqual([
    { kind: "different", object: "setting app.jwt_secret of the database", detail: "(not shown) → (not shown)" },
  ]);
  expect(JSON.stringify([extra, different])).not.toMatch(/hidden-/);
});

test("a database without a ledger is refused, and no scratch database is left behind, also after an interruption", async () => {
  const project = await engineProject(LIBRARY);
  await expect(drifted(project)).rejects.toMatchObject({ code: "NOT_DEPLOYED" });
  await project.migrate();
  project.write({ "migrations/0003_slow.sql": "select pg_sleep(60);" });
  const interrupt = new AbortController();
  const run = drifted(project, { files: true, signal: interrupt.signal });
  const sleeping =
    "select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()";
  await expect.poll(async () => (await project.query(sleeping)).length, { timeout: 10_000 }).toBe(1);
  interrupt.abort();
  await expect(run).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(await project.query("select datname from pg_database where datname like 'tm\\_db\\_scratch%'")).toEqual([]);
});

test("what PostgREST is told in the database is no drift, unless it is something else than the project says", async () => {
  const project = await library();
  const superuser = { ...inject("server").superuser, database: project.spec.database };
  const tell = async (name: string, value: string): Promise<unknown> =>
    await queryRows(
      superuser,
      `alter role authenticator in database ${quoteIdent(project.spec.database)} set ${name} to '${value}'`,
    );
  await tell("pgrst.db_schemas", "api");
  expect(await drifted(project)).toMatchObject({ equal: true });
  await tell("pgrst.db_schemas", "api,lib");
  await tell("pgrst.db_max_rows", "10");
  expect((await drifted(project)).differences).toEqual([
    { kind: "extra", object: "setting pgrst.db_max_rows of role authenticator in this database", detail: "" },
    {
      kind: "different",
      object: "setting pgrst.db_schemas of role authenticator in this database",
      detail: "(not shown) → (not shown)",
    },
  ]);
  project.write({ "tm-db.config.json": '{ "exposedSchemas": ["api", "lib"], "postgrest": { "db-max-rows": 10 } }' });
  expect(await drifted(project)).toMatchObject({ equal: true });
});

test("names without a schema mean on a scratch database what they mean in the one that it takes the place of", async () => {
  const project = await engineProject({
    "migrations/0001_a.sql":
      "create schema api; create table t (id int);\n-- Down Migration\ndrop table t; drop schema api;\n",
    "policies/t.sql": "alter table api.t enable row level security;\n",
  });
  const { database } = project.spec;
  for (const set of [
    `alter database "${database}" set search_path = api, public`,
    `alter role current_user in database "${database}" set search_path = "$user", api`,
  ]) {
    await project.query(set);
    await project.migrate();
    // The setting itself is in no file.
    expect(words(await drifted(project))).toEqual([expect.stringMatching(/^extra setting search_path /)]);
    await project.rollback({ kind: "all" });
    await project.query(`alter database "${database}" reset search_path`);
  }
});
