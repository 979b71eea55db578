import { beforeAll, describe, expect, inject, test } from "vitest";
import type { TmDbError } from "../../src/core/errors.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { type Catalog, compareCatalogs } from "../../src/schema/catalog.ts";
import { engineProject, queryRows } from "./project.ts";

/**
 * The law of `history.test.ts`, for what random histories would seldom meet: after each step the catalog equals that of a
 * fresh build from the same files, and the rollbacks lead back through the same states.
 */
type Files = Readonly<Record<string, string | null>>;

const BASE = {
  "migrations/0001_base.sql": migration(
    "create schema api; create table api.t (id bigint primary key, a text, b text); create table api.u (id bigint);",
    "drop table api.u; drop table api.t; drop schema api;",
  ),
};
const POLICIES = "policies/t.sql";
const POLICY = "create policy p on api.t for select to pg_monitor using (id > 0);\n";
const ENABLE = "alter table api.t enable row level security;\n";

function migration(up: string, down = ""): string {
  return `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`;
}

beforeAll(async () => {
  const { owner, superuser } = inject("server");
  await queryRows(superuser, `create role law_role; grant law_role to ${quoteIdent(owner.user)}`);
});

async function expectLaw(steps: readonly Files[]): Promise<void> {
  const project = await engineProject(BASE);
  await project.migrate();
  const before: Catalog[] = [];
  for (const files of steps) {
    before.push(await project.catalog());
    project.write(files);
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  }
  for (const catalog of before.toReversed()) {
    await project.rollback();
    expect(await compareCatalogs(catalog, await project.catalog())).toEqual([]);
  }
}

describe("what a file holds is changed, taken away and rolled back", () => {
  const trigger = (rest: string): string =>
    `create function api.g() returns trigger language plpgsql as 'begin return null; end';\n${rest}`;

  test.each<[string, readonly Files[]]>([
    [
      "a function that becomes a window function",
      [
        { "functions/f.sql": "create function api.f() returns int language sql as 'select 1';" },
        { "functions/f.sql": "create function api.f() returns int language sql window as 'select 1';" },
      ],
    ],
    [
      "a procedure that is called a routine",
      [
        {
          "functions/f.sql":
            "create procedure api.f(int) language plpgsql as 'begin end';\ncomment on routine api.f(int) is 'r';\nrevoke execute on routine api.f(int) from public;",
        },
        { "functions/f.sql": "create procedure api.f(int) language plpgsql as 'begin null; end';" },
      ],
    ],
    [
      "a constraint trigger",
      [
        {
          "functions/g.sql": trigger(
            "create constraint trigger g after insert on api.t deferrable for each row execute function api.g();",
          ),
        },
        { "functions/g.sql": trigger("create trigger g after insert on api.t for each row execute function api.g();") },
      ],
    ],
    [
      "a trigger of a partitioned table, which each partition has a copy of",
      [
        {
          "migrations/0002_p.sql": migration(
            "create table api.p (id int, at int) partition by range (id);\n" +
              "create table api.p1 partition of api.p for values from (0) to (9) partition by range (at);\n" +
              "create table api.p2 partition of api.p1 for values from (0) to (9);",
            "drop table api.p;",
          ),
          "functions/g.sql": trigger("create trigger g after insert on api.p for each row execute function api.g();"),
        },
        { "functions/g.sql": trigger("create trigger g after delete on api.p for each row execute function api.g();") },
        { "functions/g.sql": null },
      ],
    ],
    [
      "comments on an index, a materialized view, and another file's view",
      [
        {
          "migrations/0002_m.sql": migration(
            "create materialized view api.m as select 1 as x;",
            "drop materialized view api.m;",
          ),
          "views/v.sql": "create view api.v as select id from api.t;",
          [POLICIES]:
            "comment on view api.v is 'v';\ncomment on index api.t_pkey is 'i';\ncomment on materialized view api.m is 'm';",
        },
        { [POLICIES]: "comment on view api.v is 'w';" },
        { [POLICIES]: null },
      ],
    ],
    [
      "a grant option on top of a migration's grant",
      [
        {
          "migrations/0002_g.sql": migration(
            "grant select on api.t to pg_monitor;",
            "revoke select on api.t from pg_monitor;",
          ),
        },
        { [POLICIES]: "grant select on api.t to pg_monitor with grant option;" },
        { [POLICIES]: null },
      ],
    ],
    [
      "what other files grant, revoke and comment on an object that is made anew",
      [
        {
          "functions/f.sql":
            "create function api.f(a int) returns int language sql security definer set search_path = '' as 'select 1';",
          "views/v.sql": "create view api.v as select id, api.f(1) as n from api.t;",
          "views/w.sql": "create view api.w as select n from api.v;",
          "functions/g.sql": trigger("create trigger g after insert on api.t for each row execute function api.g();"),
          [POLICIES]: POLICY,
          "policies/said.sql":
            "revoke execute on function api.f(integer) from public;\ngrant select on api.v to pg_monitor;\n" +
            "comment on view api.w is 'w';\ncomment on policy p on api.t is 'p';\ncomment on trigger g on api.t is 'g';",
        },
        {
          "functions/f.sql":
            "create function api.f(b int) returns int language sql security definer set search_path = '' as 'select 1';",
          [POLICIES]: POLICY.replace("id > 0", "id > 1"),
          "functions/g.sql": trigger("create trigger g after delete on api.t for each row execute function api.g();"),
        },
        { "views/v.sql": "create view api.v as select id, api.f(1) as n, a from api.t;" },
      ],
    ],
    [
      "comments stand between the words of what is replaced in place",
      [
        {
          "functions/f.sql":
            "create /* or\n */ or -- x\nreplace function api.f() returns int language sql as 'select 1';",
        },
        {
          "functions/f.sql":
            "create /* or\n */ or -- x\nreplace function api.f() returns int language sql as 'select 2';",
        },
        { "functions/f.sql": "create -- or replace\n function api.f() returns int language sql as 'select 3';" },
      ],
    ],
  ])("%s", async (_title, steps) => {
    await expectLaw(steps);
  });

  test.each(["create -- x\nor replace", "create /**/ or replace", "create or/**/replace"])(
    "what a migration made is taken over by nobody: %j",
    async (words) => {
      const project = await engineProject({
        ...BASE,
        "migrations/0002_f.sql": "create function api.f() returns int language sql as 'select 0';",
        "functions/f.sql": `${words} function api.f() returns int language sql as 'select 1';`,
      });
      await expect(project.migrate()).rejects.toMatchObject({ code: "OBJECT_EXISTS" });
      project.write({ "migrations/0002_f.sql": "select 1;" });
      await project.migrate();
    },
  );

  test.each([
    ["functions/f.sql", "create function pg_temp.f() returns int language sql as 'select 1';", "is temporary"],
    ["views/v.sql", "create view pg_temp.v as select 1 as x;", "is temporary"],
    [POLICIES, "revoke select on api.t from pg_monitor cascade;", "`cascade`"],
  ])("%s may not say what nothing takes back: %s", async (path, sql, words) => {
    const project = await engineProject({ ...BASE, [path]: sql });
    const refused = await project.migrate().then(
      () => expect.unreachable(),
      (error: TmDbError) => error,
    );
    expect(JSON.stringify([refused.code, refused.problems])).toContain(words);
    project.write({ [path]: sql.replace("pg_temp.", "api.").replace(" cascade", "") });
    await project.migrate();
  });

  test("a type by %type is refused, since nothing could follow the column", async () => {
    const project = await engineProject({
      ...BASE,
      "functions/f.sql": "create function api.f(x api.t.a%type) returns text language sql as 'select x';",
    });
    await expect(project.migrate()).rejects.toMatchObject({ code: "REPEATABLE_STATEMENT" });
    project.write({ "functions/f.sql": "create function api.f(x text) returns text language sql as 'select x';" });
    await project.migrate();
  });

  test.each([
    ["a table and its column", "grant select on api.t to pg_monitor;", "grant select (id) on api.t to pg_monitor;"],
    ["all and one of them", "grant all on api.t to pg_monitor;", "revoke delete on api.t from pg_monitor;"],
  ])("two files may not say overlapping privileges: %s", async (_title, one, other) => {
    const project = await engineProject({ ...BASE, "policies/a.sql": one, "policies/b.sql": other });
    await expect(project.migrate()).rejects.toMatchObject({ code: "REPEATABLE_DUPLICATE" });
    // Another role, or one file for both, is no overlap.
    project.write({ "policies/b.sql": other.replace("pg_monitor", "pg_read_all_stats") });
    await project.migrate();
    project.write({ "policies/a.sql": `${one}\n${other}`, "policies/b.sql": null });
    await project.migrate();
    project.write({ "policies/b.sql": other });
    await expect(project.migrate()).rejects.toMatchObject({ code: "REPEATABLE_DUPLICATE" });
  });
});

describe("a migration meets files that stand already", () => {
  const enabling = migration(
    "alter table api.t enable row level security;",
    "alter table api.t disable row level security;",
  );

  test.each<[string, readonly Files[]]>([
    [
      "row level security moves from a file into a migration",
      [{ [POLICIES]: ENABLE + POLICY }, { [POLICIES]: POLICY, "migrations/0002_b.sql": enabling }],
    ],
    [
      "a migration says what a file says too, and later the file says it no more",
      [
        { [POLICIES]: `${ENABLE}grant select (a) on api.t to pg_monitor;` },
        {
          "migrations/0002_b.sql": migration(
            "alter table api.t enable row level security; grant select on api.t to pg_monitor;",
            "revoke select on api.t from pg_monitor; alter table api.t disable row level security;",
          ),
        },
        { [POLICIES]: null },
      ],
    ],
    [
      "a migration undoes in a loop what files have set",
      [
        {
          [POLICIES]: `${ENABLE}${POLICY}grant select, insert on api.t to pg_monitor;\ncomment on table api.t is 'file';`,
          "views/v.sql": "create view api.v as select id from api.t;\ngrant select on api.v to pg_monitor;",
          "functions/f.sql": "create function api.f() returns int language sql as 'select 1';",
        },
        {
          "migrations/0002_b.sql": migration(
            `do $$ begin
               alter table api.t disable row level security;
               comment on table api.t is 'migration';
               if to_regclass('api.v') is null then return; end if;
               alter view api.v set (security_invoker = true);
               alter policy p on api.t using (true);
             end $$;
             revoke all on all tables in schema api from pg_monitor;
             grant execute on all functions in schema api to pg_monitor;
             revoke execute on all functions in schema api from public;`,
            "comment on table api.t is null;",
          ),
        },
        { [POLICIES]: null },
      ],
    ],
    [
      "a migration grants in a loop, and the file that revoked goes",
      [
        { [POLICIES]: "revoke all on api.t from pg_monitor;\ngrant insert on api.t to pg_monitor;" },
        {
          "migrations/0002_b.sql": migration(
            "grant select on all tables in schema api to pg_monitor;",
            "revoke select on all tables in schema api from pg_monitor;",
          ),
        },
        { [POLICIES]: null },
      ],
    ],
    [
      "a table and a column are made anew, without policies that would be missing",
      [
        {
          [POLICIES]: `${ENABLE}grant select (a), insert on api.t to pg_monitor;`,
          "policies/u.sql": "grant select (id) on api.u to pg_monitor;\ncomment on column api.u.id is 'id';",
        },
        {
          "migrations/0002_b.sql": migration(
            "drop table api.t; create table api.t (id bigint primary key, a text, b text);\n" +
              "alter table api.u drop column id; alter table api.u add column id int;",
            "drop table api.t; create table api.t (id bigint primary key, a text, b text);\n" +
              "alter table api.u drop column id; alter table api.u add column id bigint;",
          ),
        },
      ],
    ],
    [
      "a table, a column and a constraint are renamed, and the files say so",
      [
        {
          [POLICIES]: `${ENABLE}${POLICY}grant select (a) on api.t to pg_monitor;\ncomment on column api.t.a is 'a';\ncomment on constraint t_pkey on api.t is 'k';`,
        },
        {
          [POLICIES]: `${ENABLE}${POLICY}grant select (c) on api.t to pg_monitor;\ncomment on column api.t.c is 'a';\ncomment on constraint k on api.t is 'k';`,
          "migrations/0002_b.sql": migration(
            "alter table api.t rename column a to c; alter table api.t rename constraint t_pkey to k;",
            "alter table api.t rename constraint k to t_pkey; alter table api.t rename column c to a;",
          ),
        },
        {
          [POLICIES]: `${ENABLE}${POLICY}grant select (c) on api.t to pg_monitor;`.replaceAll("api.t", "api.w"),
          "migrations/0003_c.sql": migration("alter table api.t rename to w;", "alter table api.w rename to t;"),
        },
      ],
    ],
    [
      "a column comes to a table that a view reads whole",
      [
        {
          "views/v.sql": "create view api.v as select * from api.t;",
          "views/w.sql": "create view api.w as select count(*) as n from api.v;",
        },
        {
          "migrations/0002_b.sql": migration("alter table api.t add column c int;", "alter table api.t drop column c;"),
        },
      ],
    ],
    [
      "what a migration has said of a file that it needs outlives the file's next version",
      [
        {
          "functions/f.sql":
            "create function api.f(a int) returns int language sql security definer set search_path = '' as 'select 1';",
          "views/v.sql": "create view api.v as select id, api.f(1) as n from api.t;",
          "migrations/0002_b.sql":
            "-- tm-db: needs functions/f.sql\n-- tm-db: needs views/v.sql\n" +
            migration(
              "revoke execute on function api.f(int) from public; grant execute on function api.f(int) to pg_monitor with grant option;\n" +
                "grant select (id) on api.v to pg_monitor; comment on view api.v is 'v'; comment on function api.f(int) is 'f';",
              "revoke select (id) on api.v from pg_monitor; comment on view api.v is null; comment on function api.f(int) is null;\n" +
                "revoke execute on function api.f(int) from pg_monitor; grant execute on function api.f(int) to public;",
            ),
        },
        {
          "functions/f.sql":
            "create function api.f(b int) returns int language sql security definer set search_path = '' as 'select 1';",
        },
        {
          "views/v.sql": "create view api.v as select a, id, api.f(1) as n from api.t;",
          "migrations/0003_c.sql":
            "-- tm-db: needs views/v.sql\n" +
            migration("grant select (a) on api.v to pg_monitor;", "revoke select (a) on api.v from pg_monitor;"),
        },
      ],
    ],
    [
      "what a migration has made of what a file needs to say: owners, options, defaults and comments of columns",
      [
        {
          "functions/f.sql":
            "create function api.f() returns int language sql security definer set search_path = '' as 'select 1';",
          "views/v.sql": "create view api.v with (security_invoker = true) as select id, a from api.t;",
          "migrations/0002_b.sql":
            "-- tm-db: needs functions/f.sql\n-- tm-db: needs views/v.sql\n" +
            migration(
              "grant create on schema api to law_role; alter view api.v owner to law_role; alter function api.f() owner to law_role;\n" +
                "revoke execute on function api.f() from public; grant execute on function api.f() to pg_monitor; grant select on api.v to pg_monitor;\n" +
                "alter view api.v set (security_barrier = true); alter view api.v alter column a set default 'x'; comment on column api.v.a is 'a';",
              "comment on column api.v.a is null; alter view api.v alter column a drop default; alter view api.v reset (security_barrier);\n" +
                "revoke select on api.v from pg_monitor; revoke execute on function api.f() from pg_monitor; grant execute on function api.f() to public;\n" +
                "alter function api.f() owner to current_user; alter view api.v owner to current_user; revoke create on schema api from law_role;",
            ),
        },
        {
          "functions/f.sql":
            "create function api.f() returns text language sql security definer set search_path = '' as $$ select '1' $$;",
          "views/v.sql": "create view api.v with (security_invoker = true) as select a, id, b from api.t;",
        },
        { "views/v.sql": "create view api.v as select id, a from api.t;\ncomment on column api.v.id is 'b';" },
      ],
    ],
    [
      "what a migration has said of a file that it needs outlives another migration, which says the same again, or retracts it",
      [
        {
          "functions/f.sql":
            "create function api.f() returns int language sql security definer set search_path = '' as 'select 1';\n" +
            "create function api.old() returns int language sql as 'select 1';",
          "views/v.sql":
            "create view api.v as select id from api.t;\ngrant select on api.v to pg_monitor;\ngrant select on api.v to law_role;",
          "migrations/0002_b.sql":
            "-- tm-db: needs functions/f.sql\n-- tm-db: needs views/v.sql\n" +
            migration(
              "revoke execute on function api.f() from public; grant execute on function api.f() to pg_monitor; grant insert on api.v to law_role;",
              "revoke insert on api.v from law_role; revoke execute on function api.f() from pg_monitor; grant execute on function api.f() to public;",
            ),
        },
        {
          "functions/f.sql":
            "create function api.f() returns int language sql security definer set search_path = '' as 'select 1';",
          "migrations/0003_c.sql": migration("create table api.unrelated (id int);", "drop table api.unrelated;"),
        },
        {
          "migrations/0004_d.sql": migration(
            "revoke select on api.v from pg_monitor;",
            "grant select on api.v to pg_monitor;",
          ),
        },
        {
          "views/v.sql": "create view api.v as select id from api.t;\ngrant select on api.v to pg_monitor;",
          "migrations/0005_e.sql": migration(
            "create materialized view api.mv as select * from api.v;",
            "drop materialized view api.mv;",
          ),
        },
        {
          "migrations/0006_f.sql": `-- tm-db: retract functions/f.sql\n${migration("create function api.old() returns int language sql as 'select 1';", "drop function api.old();")}`,
        },
        {
          "migrations/0007_g.sql": `-- tm-db: retract functions/f.sql\n${migration("alter function api.old() rename to older;", "alter function api.older() rename to old;")}`,
          "functions/f.sql":
            "create function api.f() returns text language sql security definer set search_path = '' as $$ select '1' $$;",
        },
      ],
    ],
    [
      "a line moves from a file that a migration needs into another migration, at once or one after the other",
      [
        {
          "functions/f.sql":
            "create function api.f() returns int language sql security definer set search_path = '' as 'select 1';\n" +
            "create function api.g() returns int language sql as 'select 1';\n" +
            "revoke execute on function api.f() from public;\ncomment on function api.f() is 'f';",
          [POLICIES]: `${ENABLE}${POLICY}grant select on api.t to pg_monitor;\n`,
          "migrations/0002_b.sql":
            "-- tm-db: needs functions/f.sql\n-- tm-db: needs policies/t.sql\n" +
            migration(
              "grant execute on function api.f() to pg_monitor;",
              "revoke execute on function api.f() from pg_monitor;",
            ),
        },
        {
          "functions/f.sql":
            "create function api.f() returns int language sql security definer set search_path = '' as 'select 1';\ncomment on function api.f() is 'new';",
          [POLICIES]: `${POLICY}grant select on api.t to pg_monitor;\n`,
          "migrations/0003_c.sql": migration(
            "alter table api.t enable row level security; revoke execute on function api.f() from public;\n" +
              "create function api.g() returns int language sql as 'select 2';",
            "drop function api.g(); grant execute on function api.f() to public; alter table api.t disable row level security;",
          ),
        },
        {
          "migrations/0004_d.sql": migration("alter table api.t drop b;", "alter table api.t add b text;"),
        },
      ],
    ],
    [
      "a comment and an option of a view in a file that a migration needs are as its new version says",
      [
        {
          "views/v.sql":
            "create view api.v as select id, a from api.t where id > 0 with check option;\ncomment on view api.v is 'v1';\ncomment on column api.v.a is 'a1';",
          "migrations/0002_b.sql": `-- tm-db: needs views/v.sql\n${migration("grant select on api.v to pg_monitor;", "revoke select on api.v from pg_monitor;")}`,
        },
        {
          "views/v.sql":
            "create view api.v as select a, id from api.t where id > 0 limit 5;\ncomment on view api.v is 'v2';\ncomment on column api.v.a is 'a2';",
        },
      ],
    ],
    [
      "what somebody else has granted is not the file's",
      [
        {
          "migrations/0002_b.sql": migration(
            "grant usage on schema api to law_role; grant select on api.t to law_role with grant option;\n" +
              "set local role law_role; grant select on api.t to pg_monitor;",
            "revoke select on api.t from law_role cascade; revoke usage on schema api from law_role;",
          ),
        },
        { [POLICIES]: "grant select on api.t to pg_monitor;" },
        { [POLICIES]: "revoke select on api.t from pg_monitor;" },
        { [POLICIES]: null },
      ],
    ],
    [
      "a migration grants on all tables what a file grants on one, and the file goes",
      [
        { [POLICIES]: "grant select on api.t to pg_monitor;" },
        {
          "migrations/0002_b.sql": migration(
            "grant select on all tables in schema api to pg_monitor;",
            "revoke select on all tables in schema api from pg_monitor;",
          ),
        },
        { [POLICIES]: null },
      ],
    ],
    [
      "a migration grants and revokes on all objects, of files that others need too",
      [
        {
          "functions/f.sql":
            "create function api.f() returns int language sql as 'select 1';\ngrant execute on function api.f() to pg_monitor;",
          "views/v.sql": "create view api.v as select id from api.t;\ngrant select (id) on api.v to pg_read_all_stats;",
          "migrations/0002_b.sql": `-- tm-db: needs functions/f.sql\n-- tm-db: needs views/v.sql\n${migration("do $$ begin perform api.f(), id from api.v; end $$;")}`,
        },
        {
          "migrations/0003_c.sql": migration(
            "revoke execute on all functions in schema api from public; grant select on all tables in schema api to pg_monitor; select api.f();",
            "revoke select on all tables in schema api from pg_monitor; grant execute on all functions in schema api to public;",
          ),
        },
      ],
    ],
    [
      "a migration changes a file's view where it finds it",
      [
        { "views/v.sql": "create view api.v as select id, a from api.t;" },
        {
          "migrations/0002_b.sql": migration(
            `do $$ begin
               if to_regclass('api.v') is null then return; end if;
               create or replace view api.v as select id, b as a from api.t;
               alter view api.v alter column a set default 'x';
             end $$;`,
          ),
        },
        { "views/v.sql": "create view api.v as select id from api.t;" },
      ],
    ],
    [
      "a default of a file's view, given by a migration, goes with it",
      [
        { "views/v.sql": "create view api.v as select id, a from api.t;" },
        { "migrations/0002_b.sql": migration("alter view if exists api.v alter column a set default 'x';") },
        { "views/v.sql": null },
      ],
    ],
    [
      "a column is renamed, and another one takes its name",
      [
        {
          [POLICIES]: `${ENABLE}create policy p on api.t for select to pg_monitor using (a = 'x');`,
          "views/v.sql": "create view api.v as select id, b from api.t;",
          "functions/g.sql":
            "create function api.g() returns trigger language plpgsql as 'begin return null; end';\n" +
            "create trigger g after update of a on api.t for each row when (new.b is not null) execute function api.g();",
        },
        {
          "migrations/0002_b.sql": migration(
            "alter table api.t rename a to old_a; alter table api.t add a text; alter table api.t rename b to old_b; alter table api.t add b bigint;",
            "alter table api.t drop b; alter table api.t rename old_b to b; alter table api.t drop a; alter table api.t rename old_a to a;",
          ),
        },
      ],
    ],
    [
      "a new column takes the place of an outer one in a subquery, and joins in a natural join",
      [
        {
          "migrations/0002_m.sql": migration("create table api.m (id bigint, who text);", "drop table api.m;"),
          [POLICIES]: `${ENABLE}create policy p on api.t for select to pg_monitor using (exists (select from api.m where who = a));`,
          "views/v.sql": "create view api.v as select id from api.t natural join api.m;",
        },
        {
          "migrations/0003_a.sql": migration("alter table api.m add a text;", "alter table api.m drop a;"),
        },
      ],
    ],
    [
      "a migration needs the new version of what stands",
      [
        {
          "views/v.sql": "create view api.v as select id from api.t;",
          "functions/f.sql": "create function api.f(n int) returns int language sql immutable as 'select n';",
          "policies/said.sql": "grant select on api.v to pg_monitor;",
        },
        {
          "views/v.sql": "create view api.v as select id, a from api.t;",
          "functions/f.sql":
            "create function api.f(n int) returns bigint language sql immutable as 'select n + 1::bigint';",
          "migrations/0002_m.sql":
            "-- tm-db: needs views/v.sql\n-- tm-db: needs functions/f.sql\n" +
            migration(
              "create materialized view api.m as select a, api.f(1) as f from api.v; create table api.x as select api.f(1) as f;",
              "drop table api.x; drop materialized view api.m;",
            ),
        },
      ],
    ],
    [
      "a migration's settings and role end with it",
      [
        {
          "migrations/0002_a.sql": migration(
            "create schema other; grant all on schema other to public;",
            "drop schema other;",
          ),
        },
        {
          "migrations/0003_b.sql": migration(
            "set search_path = other, public; create table one (id int);\nset check_function_bodies = off; set standard_conforming_strings = off;\nset local role law_role;",
            "set search_path = other; drop table one;",
          ),
          "migrations/0004_c.sql": migration(
            "create table if not exists public.two (note text default 'a\\b');\nselect pg_catalog.set_config('search_path', '', false);",
            "drop table public.two;",
          ),
          "migrations/0005_d.sql": migration(
            "set search_path to other; create table three (id int);",
            "drop table other.three;",
          ),
          "views/v.sql": "create view api.v as select 'a\\b' as b;",
        },
        { "migrations/0006_e.sql": migration("create table four (id int);", "drop table four;") },
      ],
    ],
  ])("%s", async (_title, steps) => {
    await expectLaw(steps);
  });
});

test("what a rename carries away is refused, with what lets go of it", async () => {
  const retract = ["-- tm-db: retract functions/g.sql", "-- tm-db: retract policies/t.sql"];
  const renamed = migration(
    "alter table api.t rename to t_old; create table api.t (id bigint primary key, a text, b text);",
    "drop table api.t; alter table api.t_old rename to t;",
  );
  const files = {
    [POLICIES]: `${ENABLE}${POLICY}grant select on api.t to pg_monitor;`,
    "functions/g.sql":
      "create function api.g() returns trigger language plpgsql as 'begin return null; end';\n" +
      "create trigger g after insert on api.t for each row execute function api.g();",
  };
  const project = await engineProject({ ...BASE, ...files });
  await project.migrate();
  const before = await project.catalog();
  project.write({ "migrations/0002_t.sql": renamed });
  await expect(project.migrate()).rejects.toMatchObject({
    code: "OBJECT_HELD",
    problems: expect.arrayContaining([
      { message: 'policies/t.sql: policy "p" on "api"."t" is policy p on table api.t_old now' },
    ]),
    hint: ["put this at the head of that migration, and the files are applied again after it:", ...retract].join("\n"),
  });
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  project.write({ "migrations/0002_t.sql": `${retract.join("\n")}\n${renamed}` });
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  await project.rollback();
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
});

test("what a file and a migration both say stays when the file says it no more", async () => {
  const project = await engineProject({
    ...BASE,
    [POLICIES]: `${ENABLE}${POLICY}`,
    "migrations/0002_b.sql": `-- tm-db: needs policies/t.sql\n${migration("select 1;")}`,
    "migrations/0003_c.sql": migration("alter table api.t enable row level security;", "select 1;"),
  });
  await project.migrate();
  project.write({ [POLICIES]: POLICY });
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
  expect(await project.query("select relrowsecurity from pg_class where oid = 'api.t'::regclass")).toEqual([
    { relrowsecurity: true },
  ]);
});

test("an owner that cannot be given again is told, and nothing belongs to another one", async () => {
  const give =
    "grant create on schema api to law_role; alter view api.v owner to law_role; revoke create on schema api from law_role;";
  const project = await engineProject({
    ...BASE,
    "views/v.sql": "create view api.v as select id from api.t;",
    "migrations/0002_own.sql": `-- tm-db: needs views/v.sql\n${migration(give, "alter view api.v owner to current_user;")}`,
  });
  await project.migrate();
  project.write({ "views/v.sql": "create view api.v as select a, id from api.t;" });
  await expect(project.migrate()).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    message: expect.stringContaining("what a migration made of views/v.sql cannot be made again"),
  });
  project.write({
    "migrations/0003_create.sql": migration(
      "grant create on schema api to law_role;",
      "revoke create on schema api from law_role;",
    ),
  });
  await project.migrate();
  expect(await project.query("select viewowner from pg_views where viewname = 'v'")).toEqual([
    { viewowner: "law_role" },
  ]);
});

test("a rule that a migration made on a file's view holds the view", async () => {
  const view = "create view api.v as select id from api.t;";
  const project = await engineProject({
    ...BASE,
    "views/v.sql": view,
    "migrations/0002_rule.sql": `-- tm-db: needs views/v.sql\n${migration("create rule add as on insert to api.v do instead nothing;", "drop rule add on api.v;")}`,
  });
  await project.migrate();
  project.write({ "views/v.sql": "create view api.v as select id from api.t where id > 0;" });
  await project.migrate();
  const [rule] = await project.query("select count(*)::integer as n from pg_rewrite where rulename = 'add'");
  expect(rule).toEqual({ n: 1 });
  project.write({ "views/v.sql": "create view api.v as select a, id from api.t;" });
  await expect(project.migrate()).rejects.toMatchObject({
    code: "OBJECT_HELD",
    problems: [{ message: 'views/v.sql: view "api"."v" is used by rule add on view api.v' }],
  });
});

test("migrations go back in the order in which they came, whatever the time zone was", async () => {
  const project = await engineProject(BASE);
  await project.migrate();
  for (const [name, zone] of [
    ["0002_a", "Asia/Tokyo"],
    ["0003_b", "America/Lima"],
  ] as const) {
    await project.query(`alter database ${quoteIdent(project.spec.database)} set timezone = '${zone}'`);
    project.write({
      [`migrations/${name}.sql`]: migration(
        `create table api.${name.slice(5)} (id int);`,
        `drop table api.${name.slice(5)};`,
      ),
    });
    await project.migrate();
  }
  expect((await project.rollback({ kind: "steps", count: 1 })).steps.map(({ path }) => path)).toEqual([
    "migrations/0003_b.sql",
  ]);
  // As node-pg-migrate orders them.
  const names = await project.query("select name from tm_db.migrations order by run_on, id");
  expect(names).toEqual([{ name: "0001_base" }, { name: "0002_a" }]);
});

test("a file that no migration touches stays as it is", async () => {
  const project = await engineProject({
    ...BASE,
    [POLICIES]: `${ENABLE}${POLICY}grant select on api.t to pg_monitor;`,
  });
  await project.migrate();
  project.write({
    "migrations/0002_b.sql": migration(
      "alter table api.t add column c int; create index on api.t (c); comment on column api.t.c is 'c'; grant insert on api.t to pg_monitor;",
      "alter table api.t drop column c; revoke insert on api.t from pg_monitor;",
    ),
  });
  expect((await project.migrate()).steps.map(({ path }) => path)).toEqual(["migrations/0002_b.sql"]);
});
