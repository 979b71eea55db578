import { expect, inject, onTestFinished, test } from "vitest";
import { plan, type PlanOptions } from "../../src/app/plan.ts";
import type { LockReport, PlanResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** Measurements of weather stations. */
const WEATHER = {
  "migrations/0001_weather.sql":
    "-- Up Migration\ncreate schema weather;\n" +
    "create table weather.stations (id int primary key, name text);\n" +
    'create table weather."Readings 1" (id int primary key, station int, value int, at timestamptz default now());\n' +
    '-- Down Migration\ndrop table weather."Readings 1", weather.stations;\ndrop schema weather;\n',
  "views/weather/latest.sql": "create view weather.latest as select s.id from weather.stations as s;\n",
  "policies/weather/stations.sql":
    "alter table weather.stations enable row level security;\ncreate policy p on weather.stations for select to public using (true);\n",
};

async function weather(): Promise<EngineProject> {
  const project = await engineProject(WEATHER);
  await project.migrate();
  return project;
}

async function planned(project: EngineProject, options: Partial<PlanOptions> = {}): Promise<PlanResult> {
  const databaseUrl = connectionUrl(project.spec);
  return await plan({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {}, locks: true, ...options });
}

async function lockReport(project: EngineProject, options: Partial<PlanOptions> = {}): Promise<LockReport> {
  const { locks } = await planned(project, options);
  return locks ?? expect.unreachable("a report of locks was asked for");
}

const READINGS = 'weather."Readings 1"';

test("each statement is reported with what it locks, writes anew, reads as a whole and indexes", async () => {
  const project = await weather();
  project.write({
    "migrations/0002_change.sql": [
      "-- Up Migration",
      `alter table ${READINGS} add column note text;`,
      `alter table ${READINGS} alter column value type bigint;`,
      `create index on ${READINGS} (station);`,
      "create table weather.fresh (id int);",
      `alter table ${READINGS} add foreign key (station) references weather.stations;`,
      "update weather.stations set name = 'x';",
    ].join("\n"),
  });
  const { statements, locks } = await lockReport(project);
  const report = statements.map(({ path, line, locks: taken, rewrites, scans, indexes }) => ({
    at: `${path}:${line}`,
    taken: taken.map(({ table, mode }) => `${table} ${mode}`),
    rewrites,
    scans,
    indexes: indexes.length,
  }));
  const at = (line: number): string => `migrations/0002_change.sql:${line}`;
  expect(report).toMatchObject([
    { at: at(2), taken: [`${READINGS} access-exclusive`], rewrites: [], scans: [], indexes: 0 },
    { at: at(3), rewrites: [READINGS], scans: [], indexes: 1 },
    { at: at(4), rewrites: [], indexes: 1 },
    { at: at(5), taken: [], rewrites: [], scans: [], indexes: 0 },
    { at: at(6), taken: expect.arrayContaining(["weather.stations share-row-exclusive"]), rewrites: [], indexes: 0 },
    { at: at(7), taken: ["weather.stations row-exclusive"], rewrites: [] },
  ]);
  expect(locks.map(({ table, mode, line }) => `${table} ${mode} ${line}`)).toEqual([
    `${READINGS} access-exclusive 2`,
    "weather.stations share-row-exclusive 6",
  ]);
  // Held to the end: the first lock for as long as all statements took together.
  const total = statements.reduce((sum, { ms }) => sum + ms, 0);
  expect(locks[0]?.heldMs).toBeCloseTo(total, 5);
  expect(locks[1]?.heldMs).toBeLessThan(total);
});

test("files are reported too, and nothing of it is written anywhere", async () => {
  const project = await weather();
  const before = await project.catalog();
  project.write({
    "views/weather/latest.sql": "create view weather.latest as select s.name from weather.stations as s;\n",
    "migrations/0002_role.sql": "create role plan_stranger;\n",
  });
  const { statements } = await lockReport(project);
  expect(statements.at(-1)).toMatchObject({
    path: "views/weather/latest.sql",
    line: null,
    locks: [{ table: "weather.latest", mode: "access-exclusive" }],
  });
  expect(await project.catalog()).toEqual(before);
  expect(await project.query("select from pg_roles where rolname = 'plan_stranger'")).toEqual([]);
  expect(await project.query("select datname from pg_database where datname like 'tm\\_db\\_scratch%'")).toEqual([]);
  expect((await project.status()).upToDate).toBe(false);
});

test("a limit is broken by a lock that is held too long, and kept by one that is not", async () => {
  const project = await weather();
  project.write({
    "migrations/0002_slow.sql": "alter table weather.stations add column a int;\nselect pg_sleep(0.1);\n",
  });
  expect(await planned(project, { maxLocks: [{ mode: "access-exclusive", ms: 60_000 }] })).toMatchObject({
    allowed: true,
  });
  const broken = await planned(project, {
    maxLocks: [
      { mode: "share", ms: 50 },
      { mode: "access-exclusive", ms: 60_000 },
    ],
  });
  expect(broken).toMatchObject({
    allowed: false,
    locks: { tooLong: [{ table: "weather.stations", mode: "access-exclusive" }] },
  });
  project.write({ "migrations/0002_slow.sql": "select pg_sleep(0.1);\ninsert into weather.stations values (1);\n" });
  expect(await planned(project, { maxLocks: [{ mode: "share", ms: 0 }] })).toMatchObject({ allowed: true });
});

test("work that grows with a large table breaks every limit while the lock is held, whatever it took on empty tables", async () => {
  const project = await weather();
  await project.query(`insert into ${READINGS} (id) select generate_series(1, 40000); analyze ${READINGS}`);
  project.write({ "migrations/0002_index.sql": `create index on ${READINGS} (station);\n` });
  const { locks, tooLong } = await lockReport(project, { maxLocks: [{ mode: "share", ms: 60_000 }] });
  expect(locks).toMatchObject([{ table: READINGS, mode: "share", rows: 40_000 }]);
  expect(tooLong[0]?.because).toContain(`0002_index.sql:1 builds an index over all of ${READINGS}`);
});

test("what runs outside of a transaction keeps its lock for itself", async () => {
  const project = await weather();
  project.write({
    "migrations/0002_alone.sql": `-- tm-db: no-transaction\ncreate index concurrently on ${READINGS} (station);\n`,
    "migrations/0003_slow.sql": "select pg_sleep(0.05);\n",
  });
  const { locks } = await lockReport(project);
  expect(locks).toMatchObject([{ table: READINGS, mode: "share-update-exclusive", line: 2 }]);
  expect(locks[0]?.heldMs).toBeLessThan(50);
});

test("a deployment that would fail fails here, with its place", async () => {
  const project = await weather();
  project.write({ "migrations/0002_bad.sql": "select 1;\n  alter table weather.nothing add a int;\n" });
  await expect(planned(project)).rejects.toMatchObject({
    code: "SQL_ERROR",
    location: { file: "migrations/0002_bad.sql", line: 2, column: 3 },
  });
  expect(await planned(project, { locks: false })).toMatchObject({
    locks: null,
    allowed: true,
    steps: [{ action: "migrate", path: "migrations/0002_bad.sql", ms: null }],
  });
});

test("NOT NULL constraints are in the copy by their names, valid or not", async () => {
  const project = await weather();
  project.write({
    "migrations/0002_not_null.sql": [
      `create table weather.kept (id int primary key, "A b" int, c int, a int not null, b int not null);`,
      "alter table weather.stations add constraint name_nn not null name not valid;",
      'alter table weather.kept add constraint "A nn" not null "A b", add constraint c_nn not null c no inherit;',
      "alter table weather.kept rename constraint kept_a_not_null to aside;",
      "alter table weather.kept rename constraint kept_b_not_null to kept_a_not_null;",
      "alter table weather.kept rename constraint aside to kept_b_not_null;",
      "create table weather.child () inherits (weather.kept);",
    ].join("\n"),
  });
  await project.migrate();
  project.write({
    "migrations/0003_validate.sql": [
      "alter table weather.stations validate constraint name_nn;",
      'alter table weather.kept drop constraint "A nn";',
      "alter table weather.kept rename constraint c_nn to c_set;",
      "alter table weather.kept drop constraint kept_a_not_null;",
    ].join("\n"),
  });
  const { statements } = await lockReport(project);
  expect(statements).toMatchObject([
    { locks: [{ table: "weather.stations", mode: "share-update-exclusive" }], scans: ["weather.stations"] },
    {},
    {},
    {},
  ]);
  await project.migrate();
});

test("the first deployment of all locks nothing that was there", async () => {
  const project = await engineProject(WEATHER);
  const { locks, statements } = await lockReport(project);
  expect(locks).toEqual([]);
  expect(statements.length).toBeGreaterThan(3);
});

test("what somebody else made is not copied: it would run with the rights of who plans", async () => {
  const project = await engineProject(WEATHER);
  const superuser = { ...inject("server").superuser, database: project.spec.database };
  const databaseUrl = connectionUrl(superuser);
  await project.migrate({ databaseUrl });
  const become = "select rolsuper from pg_roles where rolname = 'plan_intruder'";
  await queryRows(superuser, "create role plan_intruder login; create schema theirs authorization plan_intruder");
  onTestFinished(async () => {
    await queryRows(superuser, "drop owned by plan_intruder cascade; drop role plan_intruder");
  });
  project.write({ "migrations/0002_more.sql": "create table weather.more (id int);" });
  await queryRows(
    superuser,
    `set role plan_intruder;
     create function theirs.rise() returns text language plpgsql as $$
     begin
       if (select rolsuper from pg_roles where rolname = current_user) then alter role plan_intruder superuser; end if;
       return current_user;
     end $$;
     create materialized view theirs.report as select theirs.rise() as x`,
  );
  await expect(planned(project, { databaseUrl })).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    message: expect.stringMatching(/^the schema is not copied: .* belongs to plan_intruder$/),
  });
  expect(await queryRows(superuser, become)).toEqual([{ rolsuper: false }]);
  // Nobody can have made what belongs to a role that nobody may become.
  await queryRows(superuser, "drop owned by plan_intruder; alter role plan_intruder nologin");
  await queryRows(superuser, "create schema theirs authorization plan_intruder");
  expect((await planned(project, { databaseUrl })).locks).not.toBeNull();
});
