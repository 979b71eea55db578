import { expect, test } from "vitest";
import { verify } from "../../src/app/verify.ts";
import type { VerifyResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { type EngineProject, engineProject } from "./project.ts";

const SCHEMA =
  "-- Up Migration\ncreate schema api;\ncreate table api.t (id bigint primary key, note text);\n" +
  "create function api.f() returns trigger language plpgsql stable set search_path = '' as 'begin return null; end';\n" +
  "create view api.v with (security_invoker = true) as select t.id from api.t as t;\n" +
  "-- Down Migration\ndrop view api.v;\ndrop function api.f();\ndrop table api.t;\ndrop schema api;\n";

async function verified(project: EngineProject): Promise<VerifyResult> {
  return await verify({
    projectDir: project.dir,
    databaseUrl: connectionUrl(project.spec),
    env: {},
    onEvent: () => {},
  });
}

test("every way back of the reference database is exact", async () => {
  const project = await engineProject();
  const result = await verify({
    projectDir: new URL("../..", import.meta.url).pathname,
    databaseUrl: connectionUrl(project.spec),
    env: {},
    onEvent: () => {},
  });
  expect(result.checks.filter(({ differences }) => differences.length > 0)).toEqual([]);
  expect(result).toMatchObject({ holds: true, unchecked: [] });
  expect(result.checks.map(({ subject, check }) => `${subject} ${check}`)).toContain("everything nothing to do");
  // The project's own database was not touched.
  expect(await project.query("select to_regnamespace('tm_db') as ledger")).toEqual([{ ledger: null }]);
});

test.each([
  ["a policy", "create policy p on api.t for select to pg_monitor using (true);", "policy p on api.t"],
  ["a grant", "grant select (id) on api.t to pg_monitor;", "privileges of pg_monitor on column id of table api.t"],
  ["a comment", "comment on table api.t is 'x';", "comment on table api.t"],
  ["a default", "alter table api.t alter column note set default 'x';", "default of column api.t.note"],
  ["an index", "create index t_note_idx on api.t (note);", "index api.t_note_idx"],
  ["a trigger", "create trigger g after insert on api.t for each row execute function api.f();", "trigger g on api.t"],
  ["a function's volatility", "alter function api.f() volatile;", "function api.f()"],
  ["a function's search_path", "alter function api.f() reset search_path;", "function api.f()"],
  ["security_invoker", "alter view api.v reset (security_invoker);", "view api.v"],
  ["row level security", "alter table api.t enable row level security;", "table api.t"],
  ["forced row level security", "alter table api.t force row level security;", "table api.t"],
  ["default privileges", "alter default privileges revoke execute on functions from public;", "default privileges"],
  ["a role", "create role verify_forgotten;", "role verify_forgotten"],
  ["column compression", "alter table api.t alter column note set compression pglz;", "column api.t.note"],
  [
    "a grant on the database",
    "do $$ begin execute format('grant create on database %I to pg_monitor', current_database()); end $$;",
    "privileges of pg_monitor on the database itself",
  ],
])("a way back that forgets %s is caught, and the object named", async (what, forgotten, named) => {
  const project = await engineProject({
    "migrations/0001_schema.sql": SCHEMA,
    "migrations/0002_forgetful.sql": `-- Up Migration\n${what === "a role" ? "do $$ begin create role verify_forgotten; exception when duplicate_object then null; end $$;" : forgotten}\n-- Down Migration\nselect 1;\n`,
  });
  try {
    const result = await verified(project);
    expect(result.holds).toBe(false);
    const check = result.checks.at(-1);
    expect(check).toMatchObject({ subject: "migrations/0002_forgetful.sql", check: "down" });
    expect(check?.differences.map(({ object }) => object).join("\n")).toContain(named);
  } finally {
    await project.query("drop role if exists verify_forgotten");
  }
});

test("leaves no scratch database behind, also when the files cannot be deployed", async () => {
  const project = await engineProject({
    "migrations/0001_bad.sql": "create table public.a (id int);\nselect 1 / 0;\n-- Down Migration\n",
  });
  await expect(verified(project)).rejects.toMatchObject({ code: "SQL_ERROR", sqlState: "22012" });
  expect(await project.query("select datname from pg_database where datname like 'tm\\_db\\_scratch%'")).toEqual([]);
});

test("a migration without a way back is skipped, and said to be", async () => {
  const project = await engineProject({ "migrations/0001_one_way.sql": "create table public.a (id int);\n" });
  expect(await verified(project)).toMatchObject({
    holds: true,
    checks: [{ subject: "migrations/0001_one_way.sql", check: "no way back", differences: [] }],
    unchecked: [
      { check: "everything", because: "migrations/0001_one_way.sql has no way back" },
      { check: "rows kept", because: "migrations/0001_one_way.sql has no way back" },
    ],
  });
});

test("what was not checked is said, with the reason", async () => {
  const exact = "create table public.a (id int);\n-- Down Migration\ndrop table public.a;\n";
  const [withoutSeed, forgetful, stumbling] = await Promise.all([
    engineProject({ "migrations/0001_exact.sql": exact }),
    engineProject({
      "migrations/0001_forgetful.sql": "create table public.b (id int);\n-- Down Migration\nselect 1;\n",
      "migrations/0002_exact.sql": exact,
      "seeds/dev.sql": "insert into public.a values (1);\n",
    }),
    engineProject({
      "migrations/0001_exact.sql": exact,
      "migrations/0002_strict.sql":
        "alter table public.a add column must int not null;\n-- Down Migration\nalter table public.a drop column must;\n",
      "seeds/dev.sql": "insert into public.a values (1, 1);\n",
    }),
  ]);
  expect(await verified(withoutSeed)).toMatchObject({
    holds: true,
    unchecked: [{ check: "rows kept", because: "the project has no development data: no seed named dev" }],
  });
  expect(await verified(forgetful)).toMatchObject({
    holds: false,
    unchecked: [
      { check: "everything", because: "a way back is not exact" },
      { check: "rows kept", because: "a way back is not exact" },
    ],
  });
  expect(await verified(stumbling)).toMatchObject({
    holds: false,
    unchecked: [
      { check: "rows kept", because: "migrations/0002_strict.sql failed, and those before it were not tried" },
    ],
  });
});

/** A verdict in a line for each check that does not hold. */
function failing({ checks }: VerifyResult): string[] {
  return checks.flatMap(({ subject, check, differences, failure }) => [
    ...(failure === null ? [] : [`${subject} ${check}: ${failure}`]),
    ...differences.map(
      ({ kind, object, detail }) => `${subject} ${check}: ${kind} ${object}${detail && `, ${detail}`}`,
    ),
  ]);
}

test("every way back that is not exact is reported in one run, and does not blur the others", async () => {
  const project = await engineProject({
    "migrations/0001_schema.sql": SCHEMA,
    "migrations/0002_index.sql": "create index t_note_idx on api.t (note);\n-- Down Migration\nselect 1;\n",
    "migrations/0003_exact.sql": "create table api.u (id int);\n-- Down Migration\ndrop table api.u;\n",
    "migrations/0004_fails.sql": "create table api.w (id int);\n-- Down Migration\ndrop table api.wrong;\n",
    "migrations/0005_role.sql": "create role verify_left;\n-- Down Migration\nselect 1;\n",
    "migrations/0006_exact.sql":
      "grant usage on schema api to verify_left;\n-- Down Migration\nrevoke usage on schema api from verify_left;\n",
  });
  try {
    const result = await verified(project);
    expect(failing(result)).toEqual([
      "migrations/0002_index.sql down: extra index api.t_note_idx",
      'migrations/0004_fails.sql down: migrations/0004_fails.sql:3:1 table "wrong" does not exist',
      expect.stringContaining("migrations/0005_role.sql down: extra"),
      "migrations/0005_role.sql down: extra role verify_left",
    ]);
    const exact = result.checks.filter(({ subject }) => subject.endsWith("_exact.sql"));
    expect(exact.map(({ check, differences }) => `${check} ${differences.length}`)).toEqual([
      "down 0",
      "up again 0",
      "down 0",
      "up again 0",
    ]);
  } finally {
    await project.query("drop role if exists verify_left");
  }
});

const SEED = "insert into api.t (id, note) values (1, 'One'), (2, 'Two');\n";

test("rows that were there before a migration must be there after its up and down", async () => {
  const project = await engineProject({
    "migrations/0001_schema.sql": SCHEMA,
    "migrations/0002_keeps.sql":
      "-- Up Migration\nalter table api.t add column more int;\ninsert into api.t (id) values (9);\n" +
      "-- Down Migration\ndelete from api.t where id = 9;\nalter table api.t drop column more;\n",
    "migrations/0003_changes.sql":
      "-- Up Migration\nupdate api.t set note = upper(note);\n-- Down Migration\nupdate api.t set note = note || '.';\n",
    "migrations/0004_loses.sql":
      "-- Up Migration\ncreate index on api.t (note);\n-- Down Migration\ndelete from api.t where id = 2;\ndrop index api.t_note_idx;\n",
    "seeds/dev.sql": SEED,
  });
  const result = await verified(project);
  expect(result.checks.filter(({ check }) => check === "rows kept").map(({ subject }) => subject)).toEqual([
    "migrations/0004_loses.sql",
    "migrations/0003_changes.sql",
    "migrations/0002_keeps.sql",
  ]);
  expect(result.holds).toBe(false);
  expect(failing(result)).toEqual([
    'migrations/0004_loses.sql rows kept: different rows of "api"."t", its way back loses 1 of 3',
    'migrations/0003_changes.sql rows kept: different rows of "api"."t", 2 rows, with other values',
  ]);
});

test("a migration that cannot go up over the rows that are there is told, with its place", async () => {
  const project = await engineProject({
    "migrations/0001_schema.sql": SCHEMA,
    "migrations/0002_strict.sql":
      "alter table api.t add column must int not null;\n-- Down Migration\nalter table api.t drop column must;\n",
    "seeds/dev.sql": SEED.replaceAll("note)", "note, must)").replaceAll(/'(\w+)'\)/g, "'$1', 1)"),
  });
  expect(failing(await verified(project))).toEqual([
    'migrations/0002_strict.sql rows kept: migrations/0002_strict.sql:1:1 column "must" of relation "t" contains null values',
  ]);
});
