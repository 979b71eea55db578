import { describe, expect, inject, onTestFinished, test } from "vitest";
import { drift } from "../../src/app/drift.ts";
import { plan } from "../../src/app/plan.ts";
import { verify } from "../../src/app/verify.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** What a name may be, 63 bytes at most. Each must survive being written into SQL, read back, and taken back. */
const NAMES = [
  ["quotes", `it's "the" \`one\``],
  ["parentheses and brackets", "f(x)[1]"],
  ["dots", "a.b.c"],
  ["spaces", "  two  words "],
  ["upper case", "UserProfile"],
  ["a reserved word", "select"],
  ["63 bytes", "x".repeat(63)],
  ["63 bytes of other letters", `${"ä".repeat(31)}x`],
  ["other scripts", "задачи 任務 😀"],
  ["SQL", "x; drop table y; --"],
  ["a dollar sign and a comment", "$$ /* $1 %s %I \\"],
  ["a marker", "\n-- Down Migration"],
] as const;

async function expectFresh(project: EngineProject): Promise<void> {
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
}

/** Everything that the engine itself names, once, under one name; `variant` changes what `create or replace` can and cannot. */
function everythingNamed(name: string, key: number, variant: number): Record<string, string> {
  const id = quoteIdent(name);
  const table = `${id}.${id}`;
  const text = `'${name.replaceAll("'", "''")} ${variant}'`;
  const result = variant === 0 ? "bigint" : "text";
  return {
    [`migrations/000${key}_table.sql`]:
      `-- Up Migration\ncreate schema ${id};\ncreate table ${table} (${id} bigint primary key, other text);\n` +
      `-- Down Migration\ndrop table ${table};\ndrop schema ${id};\n`,
    [`functions/api/f${key}.sql`]:
      `create function ${table}(${id} bigint default 1) returns ${result} language sql as $f$ select 1::${result} $f$;\n` +
      `comment on function ${table}(bigint) is ${text};\ngrant execute on function ${table}(bigint) to pg_monitor;\n` +
      `create function ${id}.t() returns trigger language plpgsql as 'begin return new; end';\n` +
      `create trigger ${id} before insert on ${table} for each row execute function ${id}.t();\n` +
      `comment on trigger ${id} on ${table} is ${text};\n`,
    [`views/api/v${key}.sql`]:
      `create view ${id}.v as select t.${id}${variant === 0 ? "" : ", t.other"} from ${table} as t where ${table}(1) is not null;\n` +
      `comment on column ${id}.v.${id} is ${text};\ngrant select (${id}) on ${id}.v to pg_monitor;\n`,
    [`policies/api/p${key}.sql`]:
      `alter table ${table} enable row level security;\ngrant select (${id}) on ${table} to pg_monitor;\n` +
      `create policy ${id} on ${table} for select to pg_monitor using (${id} > ${variant});\n` +
      `comment on policy ${id} on ${table} is ${text};\n`,
  };
}

function filesNamed(variant: number): Record<string, string> {
  return Object.assign({}, ...NAMES.map(([, name], index) => everythingNamed(name, index + 1, variant))) as Record<
    string,
    string
  >;
}

describe("names", () => {
  test("that need quoting are deployed, changed, taken away and rolled back", async () => {
    const project = await engineProject(filesNamed(0));
    const empty = await project.catalog();
    await project.migrate();
    const first = await project.catalog();
    project.write(filesNamed(1));
    await project.migrate();
    await expectFresh(project);
    await project.rollback();
    expect(await compareCatalogs(first, await project.catalog())).toEqual([]);
    for (const path of Object.keys(filesNamed(1))) if (!path.startsWith("migrations/")) project.write({ [path]: null });
    await project.migrate();
    await expectFresh(project);
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
    const left = "select nspname as name from pg_namespace where nspname = any ($1)";
    expect(await project.query(left, [NAMES.map(([, name]) => name)])).toEqual([]);
  });

  test("of files may hold quotes, spaces, dots and other scripts", async () => {
    const project = await engineProject({
      'migrations/0001_it\'s a "таблица".v2.sql':
        "-- tm-db: needs functions/an api/it's $1 'ф'.x.sql\ncreate table public.named (id int default public.f());\n-- Down Migration\ndrop table public.named;\n",
      "functions/an api/it's $1 'ф'.x.sql": "create function public.f() returns int language sql as 'select 1';\n",
    });
    const empty = await project.catalog();
    await project.migrate();
    expect(await project.migrate()).toMatchObject({ steps: [] });
    expect((await project.status()).upToDate).toBe(true);
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });

  test("of a role with quotes stand in grants and policies", async () => {
    const role = `api "role" 'x' ${process.pid}`;
    const project = await engineProject({
      "migrations/0001_t.sql": `create role ${quoteIdent(role)};\ncreate table public.t (id int);\n-- Down Migration\ndrop table public.t;\ndrop role ${quoteIdent(role)};\n`,
      "policies/public/t.sql":
        `alter table public.t enable row level security;\ngrant select, update (id) on public.t to ${quoteIdent(role)} with grant option;\n` +
        `create policy p on public.t for select to ${quoteIdent(role)} using (true);\n`,
    });
    const empty = await project.catalog();
    await project.migrate();
    const granted = "select has_column_privilege($1, 'public.t', 'id', 'update with grant option') as granted";
    expect(await project.query(granted, [role])).toEqual([{ granted: true }]);
    project.write({ "policies/public/t.sql": "alter table public.t enable row level security;\n" });
    await project.migrate();
    expect(await project.query(granted, [role])).toEqual([{ granted: false }]);
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
    expect(await queryRows(project.spec, "select from pg_roles where rolname = $1", [role])).toEqual([]);
  });
});

describe("bodies", () => {
  /** Each answers 'kept', if its text reached the server as it stands. */
  const BODIES: readonly (readonly [string, string])[] = [
    ["dollar quotes in dollar quotes", "as $f$ select $$kept$$; $f$"],
    ["semicolons, and the word commit", "as $$ select 'x;'; /* commit; */ select 'kept'; $$"],
    ["a marker in a string", "as $$ select case when '\n-- Down Migration\n' like '%Down%' then 'kept' end $$"],
    [
      "a marker in a quoted name",
      'as $$ select "\n-- Down Migration" from (values (\'kept\')) as v ("\n-- Down Migration") $$',
    ],
    ["a marker in a block comment", "as $$ select 'kept' /* /* nested */\n-- Down Migration\n*/ $$"],
    ["comment signs in strings", "as $$ select case when '--' = '-' || '-' and '/*' = '/' || '*' then 'kept' end $$"],
    ["quotes in an escape string", "as $$ select case e'\\'' when '''' then 'kept' end $$"],
    ["a body in single quotes", "as 'select ''kept'' -- ; '''"],
    ["an atomic body", "begin atomic select 'a;b'; select 'kept'; end"],
    ["unicode escapes", "as $$ select U&'k\\0065pt' $$"],
  ];

  test("of every kind are run as they stand, in migrations and in files", async () => {
    const make = (name: string, body: string): string =>
      `create function public.${name}() returns text language sql ${body};\n`;
    const files = (index: number, body: string): Record<string, string> => ({
      [`migrations/00${index + 10}_f.sql`]: `${make(`f${index}`, body)}\n-- Down Migration\ndrop function public.f${index}();\n`,
      [`functions/public/g${index}.sql`]: `${make(`g${index}`, body)}comment on function public.g${index}() is 'a;b -- c';\n`,
    });
    const project = await engineProject(
      Object.assign({}, ...BODIES.map(([, body], index) => files(index, body))) as Record<string, string>,
    );
    const empty = await project.catalog();
    const answers = async (): Promise<unknown[]> =>
      await project.query(
        BODIES.map(
          ([what], index) => `select '${what}' as what, public.f${index}() as f, public.g${index}() as g`,
        ).join(" union all "),
      );
    await project.migrate();
    expect(await answers()).toEqual(BODIES.map(([what]) => ({ what, f: "kept", g: "kept" })));
    for (const [index, [, body]] of BODIES.entries())
      project.write({ [`functions/public/g${index}.sql`]: `-- other\n${make(`g${index}`, body)}` });
    await project.migrate();
    expect(await answers()).toEqual(BODIES.map(([what]) => ({ what, f: "kept", g: "kept" })));
    await expectFresh(project);
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });
});

describe("size", () => {
  test("a thousand migrations are one deployment, and go back as one", async () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => index + 1);
    const project = await engineProject(
      Object.fromEntries(
        numbers.map((number) => [
          `migrations/${String(number).padStart(4, "0")}_t.sql`,
          `create table public.t${number} (id int);\n-- Down Migration\ndrop table public.t${number};\n`,
        ]),
      ),
    );
    const empty = await project.catalog();
    expect((await project.migrate()).steps).toHaveLength(1000);
    expect(await project.query("select count(*)::int as tables from pg_tables where schemaname = 'public'")).toEqual([
      { tables: 1000 },
    ]);
    expect(await project.migrate()).toMatchObject({ steps: [] });
    expect((await project.rollback()).steps).toHaveLength(1000);
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });

  test("a migration of ten megabytes runs, and an error at its end has its place", async () => {
    const insert = `insert into public.big (note) values ('${"x;-- ' ".replaceAll("'", "''").repeat(128)}');\n`;
    const count = Math.ceil((10 * 2 ** 20) / insert.length);
    const sql = `create table public.big (note text);\n${insert.repeat(count)}`;
    const project = await engineProject({ "migrations/0001_big.sql": `${sql}selct 1;\n` });
    await expect(project.migrate()).rejects.toMatchObject({
      code: "SQL_ERROR",
      location: { file: "migrations/0001_big.sql", line: count + 2, column: 1 },
    });
    project.write({ "migrations/0001_big.sql": `${sql}-- Down Migration\ndrop table public.big;\n` });
    await project.migrate();
    expect(await project.query("select count(*)::int as rows from public.big")).toEqual([{ rows: count }]);
    expect(await project.migrate()).toMatchObject({ steps: [] });
    await project.rollback();
    expect(await project.query("select to_regclass('public.big') as big")).toEqual([{ big: null }]);
  });

  test("a function that holds a word of two megabytes is deployed, and found where it is used", async () => {
    const project = await engineProject({
      "functions/public/a_user.sql":
        "create function public.a_user() returns int language sql return length(public.blob());\n",
      "functions/public/blob.sql": `create function public.blob() returns text language sql as $$ select '${"Qk1".repeat(700_000)}' $$;\n`,
    });
    expect((await project.migrate()).steps.map(({ path }) => path)).toEqual([
      "functions/public/blob.sql",
      "functions/public/a_user.sql",
    ]);
    expect(await project.query("select public.a_user() as length")).toEqual([{ length: 2_100_000 }]);
  });

  test("sixty views that each need the next, named against their order, are made and remade", async () => {
    const last = 60;
    const view = (number: number, column: string): string =>
      `create view public.v${number} as select s.${column} from public.${number === last ? "base" : `v${number + 1}`} as s;\n`;
    const files = (column: string): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: last }, (_, index) => [
          `views/public/v${String(index + 1).padStart(3, "0")}.sql`,
          view(index + 1, column),
        ]),
      );
    const project = await engineProject({
      "migrations/0001_base.sql":
        "create table public.base (a int, b text);\n-- Down Migration\ndrop table public.base;\n",
      ...files("a"),
    });
    await project.migrate();
    await expectFresh(project);
    project.write(files("b"));
    await project.migrate();
    await expectFresh(project);
  });
});

describe("circles", () => {
  test("of functions through defaults, bodies and several languages are made, changed and taken back", async () => {
    const member = (name: string, next: string, language: string, factor: number): string => {
      const value = `case when n > 0 then ${factor} * public.${next}(n - 1) else 1 end`;
      const body = language === "sql" ? `select ${value}` : `begin return ${value}; end`;
      return `create function public.${name}(n int) returns int language ${language} as $$ ${body} $$;\ncomment on function public.${name}(int) is '${factor}';\n`;
    };
    const files = (factor: number): Record<string, string> => ({
      "functions/public/a.sql": member("a", "b", "sql", factor),
      "functions/public/b.sql": member("b", "c", "plpgsql", factor),
      "functions/public/c.sql": member("c", "d", "sql", factor),
      "functions/public/d.sql": member("d", "a", "sql", factor),
    });
    const project = await engineProject(files(2));
    const empty = await project.catalog();
    await project.migrate();
    expect(await project.query("select public.a(5) as a")).toEqual([{ a: 32 }]);
    project.write(files(3));
    await project.migrate();
    expect(await project.query("select public.a(5) as a")).toEqual([{ a: 243 }]);
    await expectFresh(project);
    await project.rollback();
    expect(await project.query("select public.a(5) as a")).toEqual([{ a: 32 }]);
    await project.rollback();
    expect(await compareCatalogs(empty, await project.catalog())).toEqual([]);
  });

  test("of views cannot be made by anybody: both are named, and nothing is left", async () => {
    const project = await engineProject({
      "views/public/a.sql": "create view public.a as select * from public.b;\n",
      "views/public/b.sql": "create view public.b as select * from public.a;\n",
    });
    await expect(project.migrate()).rejects.toMatchObject({ code: "SQL_ERROR", sqlState: "42P01" });
    expect(await project.query("select to_regnamespace('tm_db') as ledger")).toEqual([{ ledger: null }]);
  });
});

test("a role that deploys may be called anything", async () => {
  const project = await engineProject({
    "migrations/0001_a.sql":
      "create schema api;\ncreate table api.t (id int);\nalter default privileges revoke execute on functions from public;\n" +
      "-- Down Migration\ndrop table api.t;\ndrop schema api;\nalter default privileges grant execute on functions to public;\n",
    "functions/f.sql": "create function api.f() returns int language sql as 'select 1';\n",
    "policies/t.sql": "alter table api.t enable row level security;\ngrant select on api.t to pg_monitor;\n",
  });
  const { owner, superuser } = inject("server");
  const [database, name] = [quoteIdent(project.spec.database), 'The "Owner"; --'];
  const ask = async (sql: string): Promise<unknown> =>
    await queryRows({ ...superuser, database: project.spec.database }, sql);
  await ask(
    `create role ${quoteIdent(name)} login createdb createrole password 'x'; alter database ${database} owner to ${quoteIdent(name)}`,
  );
  onTestFinished(async () => {
    await ask(
      `alter database ${database} owner to ${quoteIdent(owner.user)}; drop owned by ${quoteIdent(name)}; drop role ${quoteIdent(name)}`,
    );
  });
  const databaseUrl = connectionUrl({ ...superuser, database: project.spec.database, user: name, password: "x" });
  const common = { projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {} };
  await project.migrate({ databaseUrl });
  expect(await drift(common)).toMatchObject({ equal: true });
  expect(await verify(common)).toMatchObject({ holds: true });
  project.write({ "functions/f.sql": "create function api.f(a int) returns int language sql as 'select 1';\n" });
  expect((await plan({ ...common, locks: true })).locks).not.toBeNull();
  await project.migrate({ databaseUrl });
  await project.rollback(undefined, { databaseUrl });
  expect(await drift(common)).toMatchObject({ equal: true });
  await project.rollback({ kind: "all" }, { databaseUrl });
});
