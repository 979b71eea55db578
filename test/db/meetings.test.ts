import { describe, expect, inject, test } from "vitest";
import { plan } from "../../src/app/plan.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { withClient } from "../../src/db/client.ts";
import { type Catalog, compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

const BASE = {
  "migrations/0001_base.sql":
    "create schema api;\ncreate type api.kind as enum ('a');\ncreate table api.t (id bigint primary key, a text, b text);\n" +
    "grant select on api.t to pg_monitor;\n-- Down Migration\ndrop table api.t;\ndrop type api.kind;\ndrop schema api;\n",
};
const VALUE = "-- tm-db: no-transaction\nalter type api.kind add value if not exists 'open';\n-- Down Migration\n";
const MEMBERS =
  "create table api.members (id int primary key, kind api.kind);\ngrant select on api.members to pg_monitor;\n" +
  "-- Down Migration\ndrop table api.members;\n";
const MEMBERS_POLICY =
  "alter table api.members enable row level security;\n" +
  "create policy see_open on api.members for select to pg_monitor using (kind = 'open');\n";

async function deployed(files: Readonly<Record<string, string>>): Promise<EngineProject> {
  const project = await engineProject({ ...BASE, ...files });
  await project.migrate();
  return project;
}

async function protection(project: EngineProject, table: string): Promise<unknown> {
  const [row] = await project.query(
    `select c.relrowsecurity as on, (select count(*)::integer from pg_policy as p where p.polrelid = c.oid) as policies
     from pg_class as c where c.oid = to_regclass($1)`,
    [table],
  );
  return row;
}

/** What nobody but the owner would see: the catalog must be as it was. */
async function expectSame(project: EngineProject, before: Catalog): Promise<void> {
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
}

describe("a table whose policies cannot be there is closed", () => {
  test("between the parts of a deployment, and where a later part fails", async () => {
    const project = await deployed({});
    const before = await project.catalog();
    project.write({
      "migrations/0002_members.sql": MEMBERS,
      "migrations/0003_value.sql": VALUE,
      "migrations/0004_broken.sql": "create table api.more (id intt);\n-- Down Migration\ndrop table api.more;\n",
      "policies/members.sql": MEMBERS_POLICY,
    });
    await expect(project.migrate()).rejects.toMatchObject({
      code: "SQL_ERROR",
      detail:
        "deployed before it, and stays: migrations/0002_members.sql, policies/members.sql, migrations/0003_value.sql",
      hint: "mend the statement in migrations/0004_broken.sql and run the command again",
    });
    expect(await protection(project, "api.members")).toEqual({ on: true, policies: 0 });
    const { files } = await project.status();
    expect(files.find(({ path }) => path === "policies/members.sql")).toMatchObject({ state: "changed" });
    project.write({ "migrations/0004_broken.sql": null });
    await project.migrate();
    expect(await protection(project, "api.members")).toEqual({ on: true, policies: 1 });
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
    // A value of an enum stays, so that its migration has nothing to take back; the rest does.
    await project.rollback({ kind: "to", name: "0001" });
    expect((await compareCatalogs(before, await project.catalog())).map(({ object }) => object)).toEqual([
      "type api.kind",
    ]);
  });

  test("between the parts of a deployment, where its policies are in a file that stood before", async () => {
    const first =
      "alter table api.t enable row level security;\ncreate policy all_t on api.t for select using (true);\n";
    const project = await deployed({ "policies/api.sql": first });
    const before = await project.catalog();
    const broken = "migrations/0004_broken.sql";
    project.write({
      "migrations/0002_members.sql": MEMBERS,
      "migrations/0003_value.sql": VALUE,
      [broken]: "create table api.more (id intt);\n-- Down Migration\ndrop table api.more;\n",
      "policies/api.sql": `${first}${MEMBERS_POLICY}create policy not_b on api.members as restrictive using (id > 0);\n`,
      "policies/all.sql": "create policy see_all on api.members for select using (true);\n",
    });
    await expect(project.migrate()).rejects.toMatchObject({ code: "SQL_ERROR" });
    // What another file lets through is withheld.
    expect(await protection(project, "api.members")).toEqual({ on: true, policies: 2 });
    expect(
      await project.query(
        "select polname, polpermissive from pg_policy where polrelid = 'api.members'::regclass order by 1",
      ),
    ).toEqual([
      { polname: "not_b", polpermissive: false },
      { polname: "see_all", polpermissive: true },
    ]);
    expect(await protection(project, "api.t")).toEqual({ on: true, policies: 1 });
    expect((await project.status()).files).toContainEqual(
      expect.objectContaining({ path: "policies/api.sql", state: "changed" }),
    );
    // Whoever goes back from here, deployment by deployment, finds what stood before.
    await project.rollback();
    await project.rollback();
    expect((await compareCatalogs(before, await project.catalog())).map(({ object }) => object)).toEqual([
      "type api.kind",
    ]);
    await expect(project.migrate()).rejects.toMatchObject({ code: "SQL_ERROR" });
    project.write({ [broken]: null });
    await project.migrate();
    expect(await protection(project, "api.members")).toEqual({ on: true, policies: 3 });
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  });

  test("after a rollback by migrations, until the file is deployed again", async () => {
    const policy = (column: string): string =>
      `alter table api.t enable row level security;\ncreate policy own on api.t for select to pg_monitor using (${column} = current_user);\n`;
    const project = await deployed({ "policies/t.sql": policy("a") });
    project.write({
      "migrations/0002_who.sql": "alter table api.t add who text;\n-- Down Migration\nalter table api.t drop who;\n",
      "policies/t.sql": policy("who"),
    });
    await project.migrate();
    const { leftOut, closed } = await project.rollback({ kind: "steps", count: 1 });
    expect({ leftOut, closed }).toEqual({ leftOut: ["policies/t.sql"], closed: ["policies/t.sql"] });
    expect(await protection(project, "api.t")).toEqual({ on: true, policies: 0 });
    await project.migrate();
    expect(await protection(project, "api.t")).toEqual({ on: true, policies: 1 });
    await project.rollback({ kind: "all" });
    expect(await protection(project, "api.t")).toBeUndefined();
  });

  test("one by one, where a file is about several; and what a restrictive policy withholds stays withheld", async () => {
    const project = await deployed({
      "policies/open.sql":
        "alter table api.t enable row level security;\ncreate policy everybody on api.t for select to public using (true);\n",
    });
    project.write({
      "migrations/0002_more.sql":
        "alter table api.t add hidden boolean;\ncreate table api.u (id int);\ncreate table api.z (id int);\ngrant select on api.z to public;\n" +
        "-- Down Migration\ndrop table api.z, api.u;\nalter table api.t drop hidden;\n",
      "migrations/0003_late.sql": "create table api.late (id int);\n-- Down Migration\ndrop table api.late;\n",
      "policies/hidden.sql":
        "create policy visible on api.t as restrictive for select to public using (hidden is not true);\n",
      "policies/several.sql":
        "alter table api.z enable row level security;\nalter table api.late enable row level security;\n",
    });
    await project.migrate();
    await project.query("insert into api.t (id) values (1)");
    const superuser = { ...inject("server").superuser, database: project.spec.database };
    const seen = async (): Promise<unknown[]> =>
      await withClient(superuser, {}, async (client) => {
        await client.query("begin; grant usage on schema api to pg_monitor; set role pg_monitor");
        const { rows } = await client.query<{ id: string }>("select id from api.t");
        await client.query("rollback");
        return rows;
      });
    expect(await seen()).toHaveLength(1);
    await project.rollback({ kind: "steps", count: 1 });
    expect(await protection(project, "api.z")).toEqual({ on: true, policies: 0 });
    const { closed } = await project.rollback({ kind: "steps", count: 1 });
    expect(closed).toEqual(["policies/hidden.sql"]);
    expect(await seen()).toEqual([]);
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  });
});

describe("what a migration made of a file's view", () => {
  const VIEW = "create view api.v with (security_invoker = true) as select id from api.t;\n";
  const MADE = {
    "views/v.sql": VIEW,
    "migrations/0002_mv.sql":
      "-- tm-db: needs views/v.sql\ncreate materialized view api.mv as select id from api.v;\n" +
      "-- Down Migration\ndrop materialized view api.mv;\n",
  };

  test("stays when the view is replaced by one that has its columns, and holds it when it has not", async () => {
    const project = await deployed(MADE);
    for (const text of [
      `-- a remark\n${VIEW}`,
      `${VIEW}comment on view api.v is 'v';\ngrant select on api.v to pg_monitor;\n`,
      VIEW.replace(" with (security_invoker = true)", "").replace("from api.t", "from api.t where id > 0"),
    ]) {
      const before = await project.catalog();
      project.write({ "views/v.sql": text });
      await project.migrate();
      expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
      await project.rollback();
      await expectSame(project, before);
      await project.migrate();
    }
    for (const columns of ["b", "id, a"]) {
      project.write({ "views/v.sql": `create view api.v as select ${columns} from api.t;\n` });
      await expect(project.migrate()).rejects.toMatchObject({
        code: "OBJECT_HELD",
        problems: [{ message: 'views/v.sql: view "api"."v" is used by materialized view api.mv' }],
      });
    }
    project.write({
      "migrations/0003_drop.sql":
        "drop materialized view api.mv;\n-- Down Migration\ncreate materialized view api.mv as select id from api.v;\n",
      "migrations/0004_again.sql":
        "-- tm-db: needs views/v.sql\ncreate materialized view api.mv as select a from api.v;\n-- Down Migration\ndrop materialized view api.mv;\n",
    });
    const before = await project.catalog();
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
    await project.rollback();
    await expectSame(project, before);
  });

  test("is made again by the way back on the version that it was made of", async () => {
    const project = await deployed(MADE);
    const before = await project.catalog();
    project.write({
      "migrations/0003_drop.sql":
        "drop materialized view api.mv;\n-- Down Migration\ncreate materialized view api.mv as select id from api.v;\n",
      "views/v.sql": VIEW.replace("select id", "select a, id"),
    });
    await project.migrate();
    await project.rollback();
    await expectSame(project, before);
  });

  test("holds it, with a way on that can be followed", async () => {
    const f = (argument: string): string =>
      `create function api.f(${argument} int) returns int language sql immutable as 'select 1';\n`;
    const project = await deployed({
      "functions/f.sql": f("x"),
      "migrations/0002_c.sql":
        "-- tm-db: needs functions/f.sql\nalter table api.t add c int default api.f(1);\n-- Down Migration\nalter table api.t drop c;\n",
    });
    const before = await project.catalog();
    project.write({ "functions/f.sql": f("y") });
    await expect(project.migrate()).rejects.toMatchObject({
      code: "OBJECT_HELD",
      hint: [
        "keep the arguments and the return type; or",
        "drop what depends on it in a migration, which may make it again in the next one: npx tm-db new <name>",
        "the next one begins with the line: -- tm-db: needs functions/f.sql",
      ].join("\n"),
    });
    project.write({
      "migrations/0003_drop.sql":
        "alter table api.t alter c drop default;\n-- Down Migration\nalter table api.t alter c set default api.f(1);\n",
      "migrations/0004_again.sql":
        "-- tm-db: needs functions/f.sql\nalter table api.t alter c set default api.f(1);\n-- Down Migration\nalter table api.t alter c drop default;\n",
    });
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
    await project.rollback();
    await expectSame(project, before);
  });
});

test("a comment on a column goes with the column, in a transaction or outside of one", async () => {
  for (const directive of ["", "-- tm-db: no-transaction\n"]) {
    const project = await deployed({
      "policies/t.sql":
        "comment on column api.t.a is 'a';\ngrant select (a) on api.t to pg_monitor;\ncomment on table api.t is 't';\n",
    });
    project.write({
      "migrations/0002_drop.sql": `${directive}alter table api.t drop column a;\n-- Down Migration\nalter table api.t add column a text;\n`,
      "policies/t.sql": "comment on table api.t is 'u';\n",
    });
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  }
});

test("the last deployment is the one of which something is left", async () => {
  const project = await deployed({});
  project.write({ "migrations/0002_x.sql": "create table api.x (id int);\n-- Down Migration\ndrop table api.x;\n" });
  await project.migrate();
  await project.rollback({ kind: "steps", count: 1 });
  expect((await project.rollback()).steps.map(({ path }) => path)).toEqual(["migrations/0001_base.sql"]);
  await expect(project.rollback()).rejects.toMatchObject({ code: "NOTHING_TO_ROLL_BACK" });
  const [row] = await queryRows<{ name: string }>(
    { ...inject("server").superuser, database: project.spec.database },
    "select nspname as name from pg_namespace where nspname = 'api'",
  );
  expect(row).toBeUndefined();
});

test("files that name a routine of types that are gone, or not there yet, are left out", async () => {
  const project = await deployed({});
  project.write({
    "migrations/0002_f.sql":
      'create type api."e, x" as enum (\'a\');\ncreate function api."f(x)"(int, api."e, x") returns int language sql as \'select 1\';\n' +
      '-- Down Migration\ndrop function api."f(x)"(int, api."e, x");\ndrop type api."e, x";\n',
    "policies/f.sql": 'grant execute on function api."f(x)"(int, api."e, x") to pg_monitor;\n',
  });
  await project.migrate();
  expect(await project.rollback({ kind: "steps", count: 1 })).toMatchObject({ leftOut: ["policies/f.sql"] });
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
});

test("a table that no file protects any more is warned of, in a dry run too", async () => {
  const enable = "alter table api.t enable row level security;\n";
  const project = await deployed({ "policies/t.sql": enable });
  const words =
    "row level security any more, which policies/t.sql turned on: whoever has a privilege on it sees every row";
  project.write({ "policies/t.sql": null });
  expect((await project.migrate({ dryRun: true })).warnings).toEqual([`"api"."t" would have no ${words}`]);
  expect((await project.migrate()).warnings).toEqual([`"api"."t" has no ${words}`]);
  project.write({ "policies/t.sql": enable });
  await project.migrate();
  // Another file, or a migration, does it from now on.
  project.write({ "policies/t.sql": "comment on table api.t is 't';\n", "policies/other.sql": enable });
  expect((await project.migrate({ dryRun: true })).warnings).toEqual([]);
  expect((await project.migrate()).warnings).toEqual([]);
  // What turned it off, or a table that is not the one a migration speaks of, is another matter.
  project.write({
    "policies/other.sql": enable.replace("enable", "disable"),
    "migrations/0002_x.sql": "create table api.that (id int);",
  });
  expect((await project.migrate({ dryRun: true })).warnings).toContain(
    `"api"."t" would have no ${words.replace("policies/t.sql", "policies/other.sql")}`,
  );
  await project.migrate();
  project.write({ "policies/other.sql": null });
  expect((await project.migrate()).warnings).toEqual([]);
  project.write({ "policies/other.sql": enable });
  await project.migrate();
  project.write({ "policies/other.sql": null, "migrations/0003_t.sql": `${enable}-- Down Migration\n` });
  expect((await project.migrate({ dryRun: true })).warnings).toEqual([]);
  expect((await project.migrate()).warnings).toEqual([]);
});

test("a way back that says concurrently runs in the rollback's transaction", async () => {
  const project = await deployed({});
  const before = await project.catalog();
  project.write({
    "migrations/0002_i.sql":
      "-- tm-db: no-transaction\ncreate index concurrently t_a on api.t (a);\n" +
      "-- Down Migration\n-- not concurrently\ndrop index concurrently api.t_a;\n",
  });
  await project.migrate();
  await project.rollback();
  await expectSame(project, before);
});

test("a deployment that goes on after a migration with settings goes on with none of the database's", async () => {
  const project = await deployed({});
  await project.query(`alter database ${quoteIdent(project.spec.database)} set statement_timeout = 300`);
  project.write({
    "migrations/0002_set.sql": "set statement_timeout = '1h';\nselect 1;\n-- Down Migration\n",
    "migrations/0003_slow.sql": "-- tm-db: no-transaction\nselect pg_sleep(0.6);\n-- Down Migration\n",
    "migrations/0004_slow.sql": "do $$ begin execute 'set search_path = pg_catalog'; end $$;\n-- Down Migration\n",
    "migrations/0005_table.sql": "create table five (id int);\n-- Down Migration\ndrop table five;\n",
  });
  await project.migrate();
  expect(await project.query("select to_regclass('public.five')::text as made")).toEqual([{ made: "five" }]);
});

test("a migration may reset all, and use up temporary buffers; what it sets ends with it in a trial of locks, too", async () => {
  const project = await deployed({});
  project.write({
    "migrations/0002_reset.sql":
      "set search_path = api;\nreset all;\nset local temp_buffers = '16MB';\ncreate temp table tt (a int) on commit drop;\ninsert into tt values (1);\n" +
      "create table six (id int);\n-- Down Migration\nreset all;\ndrop table six;\n",
    "migrations/0003_path.sql":
      "set search_path = '';\ncreate table api.seven (id int);\n-- Down Migration\ndrop table api.seven;\n",
    "migrations/0004_next.sql": "create table eight (id int);\n-- Down Migration\ndrop table eight;\n",
  });
  const databaseUrl = connectionUrl(project.spec);
  const { locks } = await plan({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {}, locks: true });
  expect(locks).not.toBeNull();
  const before = await project.catalog();
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  await project.rollback();
  await expectSame(project, before);
});

test("a migration that needs a file runs on its new version, also before one outside of a transaction", async () => {
  const project = await deployed({
    "functions/f.sql": "create function api.f(x int) returns int language sql immutable as 'select 1';\n",
  });
  project.write({
    "functions/f.sql": "create function api.f(x bigint) returns int language sql immutable as 'select 2';\n",
    "migrations/0002_c.sql":
      "-- tm-db: needs functions/f.sql\nalter table api.t add c int default api.f(1::bigint);\n-- Down Migration\nalter table api.t drop c;\n",
    "migrations/0003_i.sql":
      "-- tm-db: no-transaction\ncreate index concurrently t_a on api.t (a);\nreindex (concurrently) index api.t_a;\n-- Down Migration\nreindex (verbose, concurrently) index api.t_a;\ndrop index api.t_a;\n",
  });
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  await project.rollback({ kind: "to", name: "0001" });
});

test("what a file says of another one's object steps aside, and what it makes besides need not", async () => {
  const project = await deployed({
    "functions/a.sql": "create function api.a(x int) returns int language sql as 'select 1';\n",
    "functions/b.sql":
      "create function api.b() returns int language sql immutable as 'select 1';\ngrant execute on function api.a(int) to pg_monitor;\n",
    "migrations/0002_d.sql":
      "-- tm-db: needs functions/b.sql\n-- tm-db: needs functions/a.sql\ncreate table api.d (x int default api.b());\n-- Down Migration\ndrop table api.d;\n",
  });
  const before = await project.catalog();
  project.write({ "functions/a.sql": "create function api.a(y int) returns int language sql as 'select 1';\n" });
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  await project.rollback();
  await expectSame(project, before);
});

test("a function whose text names what a migration renames is refused, as in a fresh build, and comes in its new version", async () => {
  const names = (column: string): string =>
    `create function api.names() returns setof text language sql stable set search_path = '' as $$\n  select ${column} from api.t $$;\n`;
  const project = await deployed({
    "functions/names.sql": names("a"),
    "functions/other.sql": "create function api.other() returns bigint language sql as 'select count(*) from api.t';\n",
    "policies/t.sql":
      "alter table api.t enable row level security;\ncreate policy p on api.t using (a in (select api.names()));\n",
  });
  project.write({
    "migrations/0002_rename.sql":
      "alter table api.t rename a to c;\n-- Down Migration\nalter table api.t rename c to a;\n",
    "policies/t.sql":
      "alter table api.t enable row level security;\ncreate policy p on api.t using (c in (select api.names()));\n",
  });
  await expect(project.migrate()).rejects.toMatchObject({
    code: "SQL_ERROR",
    sqlState: "42703",
    location: { file: "functions/names.sql", line: 2, column: 10 },
  });
  project.write({ "functions/names.sql": names("c") });
  expect((await project.migrate()).steps.map(({ path }) => path)).not.toContain("functions/other.sql");
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
});
