import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ConnectionSpec } from "../../src/core/connection-spec.ts";
import { withClient } from "../../src/db/client.ts";
import { findEmbedded, stopEmbedded } from "../../src/server/embedded.ts";
import { isFree } from "../../src/server/free-port.ts";
import { EMBEDDED_MAJORS } from "../../src/server/state-file.ts";
import { isRoot, until, useProjects } from "./temporary-project.ts";

const projects = useProjects();

async function query<Row extends Record<string, unknown>>(spec: ConnectionSpec, sql: string): Promise<Row[]> {
  return await withClient(spec, {}, async (client) => (await client.query<Row>(sql)).rows);
}

async function answers(spec: ConnectionSpec): Promise<boolean> {
  return await query(spec, "select").then(
    () => true,
    () => false,
  );
}

function pidOf(projectDir: string): number {
  const pid = findEmbedded({ projectDir })?.pid;
  if (pid === undefined) throw new Error("no server runs");
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  return server;
}

describe.each(EMBEDDED_MAJORS)("PostgreSQL %i", (major) => {
  test("starts, is owned by no superuser, and sorts and folds text as every version does", async () => {
    const server = await projects.create().start({ major });
    expect(server).toMatchObject({ major, started: true, created: true });
    expect(server.version.startsWith(`${major}.`)).toBe(true);

    const [role] = await query(
      server.connection,
      `select rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, current_database() as database,
         (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) as owner
       from pg_roles where rolname = current_user`,
    );
    expect(role).toEqual({
      rolname: "tm_db",
      rolsuper: false,
      rolcreaterole: true,
      rolcreatedb: true,
      rolreplication: false,
      rolbypassrls: false,
      database: "app",
      owner: "tm_db",
    });
    const [text] = await query(
      server.connection,
      `select string_agg(word, ' ' order by word) as sorted, lower('ÉA') as lower, current_setting('TimeZone') as zone
       from unnest(array['b', 'a', 'B', 'é', 'A', '_', 'z', '1']) as word`,
    );
    expect(text).toEqual({ sorted: "1 A B _ a b z é", lower: "éa", zone: "UTC" });
  });
});

describe("starting and stopping", () => {
  test("a second start finds the running server, at once", async () => {
    const project = projects.create();
    const first = await project.start();
    const before = performance.now();
    const second = await project.start();
    expect(performance.now() - before).toBeLessThan(100);
    expect(second).toEqual({ ...first, started: false, created: false });
  });

  test("stop ends the server, says whether there was one, and the next start has the same data, address and passwords", async () => {
    const project = projects.create();
    const first = await project.start();
    await query(first.connection, "create table kept as select 1 as one");
    const pid = pidOf(project.dir);
    expect(await stopEmbedded({ projectDir: project.dir })).toEqual({ wasRunning: true });
    expect(await isFree(first.connection.port)).toBe(true);
    await until("node has collected its child", () => !isAlive(pid));
    expect(findEmbedded({ projectDir: project.dir })).toMatchObject({ running: false, pid: undefined });
    expect(await stopEmbedded({ projectDir: project.dir })).toEqual({ wasRunning: false });

    const second = await project.start();
    expect(second).toEqual({ ...first, created: false });
    expect(await query(second.connection, "select one from kept")).toEqual([{ one: 1 }]);
  });

  test("nothing is found and nothing stopped where no server was ever started", async () => {
    const { dir } = projects.create();
    expect(findEmbedded({ projectDir: dir })).toBeUndefined();
    expect(await stopEmbedded({ projectDir: dir })).toEqual({ wasRunning: false });
    expect(existsSync(join(dir, ".tm-db"))).toBe(false);
  });

  test("a database that is not there is made, in the running server", async () => {
    const project = projects.create();
    await project.start();
    const second = await project.start({ database: `we"ird name'; --` });
    expect(second.started).toBe(false);
    expect(await query(second.connection, "select current_database() as name")).toEqual([{ name: `we"ird name'; --` }]);
    expect(project.events).toContainEqual({ kind: "database-created", database: `we"ird name'; --` });
  });

  test("a database that was being dropped when somebody was cut off is made anew", async () => {
    const project = projects.create();
    const { connection, superuser } = await project.start();
    await query(connection, "create table things (id integer)");
    await query(superuser, "update pg_database set datconnlimit = -2 where datname = 'app'");
    expect(await project.start()).toMatchObject({ started: false, created: false });
    expect(project.events.filter(({ kind }) => kind === "database-created")).toHaveLength(2);
    expect(await query(connection, "select to_regclass('things') as things")).toEqual([{ things: null }]);
  });

  test("another version runs beside the first, at its own port, and stop ends both", async () => {
    const project = projects.create();
    const newest = await project.start({ major: 18 });
    const older = await project.start({ major: 17 });
    expect(older.connection.port).not.toBe(newest.connection.port);
    expect((await query(newest.connection, "show server_version_num"))[0]).toMatchObject({
      server_version_num: expect.stringMatching(/^18/),
    });
    // What was used last is used again.
    expect(await project.start()).toMatchObject({ major: 17, started: false });
    const pids = [pidOf(project.dir)];
    await project.start({ major: 18 });
    pids.push(pidOf(project.dir));
    expect(await stopEmbedded({ projectDir: project.dir })).toEqual({ wasRunning: true });
    expect([await isFree(newest.connection.port), await isFree(older.connection.port)]).toEqual([true, true]);
    await until("node has collected its children", () => !pids.some(isAlive));
  });

  test("two projects have nothing in common", async () => {
    const [one, other] = await Promise.all([projects.create().start(), projects.create().start()]);
    expect(one.connection.port).not.toBe(other.connection.port);
    expect(one.dataDir).not.toBe(other.dataDir);
    const stolen = { ...one.connection, port: other.connection.port };
    await expect(query(stolen, "select 1")).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
  });

  test("two starts at once in one process end with one server", async () => {
    const project = projects.create();
    const servers = await Promise.all([project.start(), project.start(), project.start()]);
    expect(servers.map(({ started }) => started).toSorted()).toEqual([false, false, true]);
    expect(new Set(servers.map(({ connection }) => connection.port)).size).toBe(1);
    expect(project.events).toContainEqual({ kind: "waiting-for-other", pid: process.pid });
  });

  test("an aborted start leaves nothing running, and the next one goes through", async () => {
    const project = projects.create();
    const controller = new AbortController();
    const onEvent = ({ kind }: { kind: string }): void => {
      if (kind === "creating-cluster") setImmediate(() => controller.abort());
    };
    await expect(project.start({ signal: controller.signal, onEvent })).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(findEmbedded({ projectDir: project.dir })?.running ?? false).toBe(false);
    expect(await project.start()).toMatchObject({ started: true, created: true });
  });
});

describe("after accidents", () => {
  test("a killed server starts again with its data", async () => {
    const project = projects.create();
    // As users have it: without synchronous_commit the last transactions could be missing.
    const first = await project.start({ durable: true });
    await query(first.connection, "create table kept as select 1 as one");
    const pid = pidOf(project.dir);
    process.kill(pid, "SIGKILL");
    await until("the server is gone", () => findEmbedded({ projectDir: project.dir })?.running === false);
    const second = await project.start();
    expect(second).toEqual({ ...first, created: false });
    expect(await query(second.connection, "select one from kept")).toEqual([{ one: 1 }]);
  });

  test("a killed server gives no number of a sequence out twice", async () => {
    const project = projects.create();
    const { connection } = await project.start({ durable: true });
    const insert = "insert into numbered default values returning id";
    const created = "create table numbered (id integer generated always as identity primary key)";
    await query(connection, `begin; ${created}; ${insert}; commit`);
    const given = await query<{ id: number }>(connection, insert);
    expect(given).toEqual([{ id: 2 }]);
    process.kill(pidOf(project.dir), "SIGKILL");
    await until("the server is gone", () => findEmbedded({ projectDir: project.dir })?.running === false);
    await project.start({ durable: true });
    const [after] = await query<{ id: number }>(connection, insert);
    expect(after?.id).toBeGreaterThan(2);
  });

  test("a server that is recovering from the end of one of its processes is waited for", async () => {
    const project = projects.create();
    const { connection, superuser } = await project.start({ durable: true });
    await query(
      connection,
      "create table filled as select n, repeat('x', 500) as t from generate_series(1, 100000) as n",
    );
    const [worker] = await query<{ pid: number }>(
      superuser,
      "select pid from pg_stat_activity where backend_type = 'checkpointer'",
    );
    process.kill(worker?.pid ?? 0, "SIGKILL");
    await until("it throws everybody out", async () => !(await answers(connection)));
    expect(await project.start({ durable: true })).toMatchObject({ started: false });
    expect(await query(connection, "select count(*)::int as rows from filled")).toEqual([{ rows: 100_000 }]);
  });

  test("a postmaster.pid whose number belongs to another process now hinders nothing, and that process lives on", async () => {
    const project = projects.create();
    const first = await project.start();
    await stopEmbedded({ projectDir: project.dir });
    const stranger = spawn("sleep", ["60"]);
    try {
      const lines = [stranger.pid, first.dataDir, 1, first.connection.port, "", "127.0.0.1", "1 1", "ready", ""];
      writeFileSync(join(first.dataDir, "postmaster.pid"), lines.join("\n"), { mode: 0o600 });
      expect(findEmbedded({ projectDir: project.dir })).toMatchObject({ running: false });
      expect(await stopEmbedded({ projectDir: project.dir })).toEqual({ wasRunning: false });
      expect(await project.start()).toMatchObject({ started: true, created: false });
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  test("when somebody else took its port, the server gets another one, says so and keeps it", async () => {
    const project = projects.create();
    const first = await project.start();
    await stopEmbedded({ projectDir: project.dir });
    const intruder = await listen(first.connection.port);
    const second = await project.start().finally(() => intruder.close());
    expect(second.connection.port).not.toBe(first.connection.port);
    expect(project.events).toContainEqual({
      kind: "port-changed",
      from: first.connection.port,
      to: second.connection.port,
    });
    await stopEmbedded({ projectDir: project.dir });
    expect((await project.start()).connection.port).toBe(second.connection.port);
  });

  test("an owner whose password or rights were changed gets them back", async () => {
    const project = projects.create();
    const server = await project.start();
    await query(server.superuser, "alter role tm_db nocreatedb password 'something else'");
    await expect(query(server.connection, "select 1")).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
    await project.start();
    expect(await query(server.connection, "select rolcreatedb from pg_roles where rolname = current_user")).toEqual([
      { rolcreatedb: true },
    ]);
  });

  test("a superuser whose password was changed is an error that says which folder to remove", async () => {
    const project = projects.create();
    const server = await project.start();
    await query(server.superuser, "drop database app");
    await query(server.superuser, "alter role postgres password 'something else'");
    await expect(project.start()).rejects.toMatchObject({
      code: "SERVER_START_FAILED",
      hint: expect.stringContaining(".tm-db"),
    });
  });

  test("a server that does not start ends with its own last words", async () => {
    const project = projects.create();
    const server = await project.start();
    await stopEmbedded({ projectDir: project.dir });
    writeFileSync(join(server.dataDir, "postgresql.conf"), "nonsense = on\n");
    await expect(project.start()).rejects.toMatchObject({
      code: "SERVER_START_FAILED",
      detail: expect.stringContaining('unrecognized configuration parameter "nonsense"'),
    });
  });

  test("a damaged state file is an error, never a fresh start over existing data", async () => {
    const project = projects.create();
    await project.start();
    await stopEmbedded({ projectDir: project.dir });
    const file = join(project.dir, ".tm-db", "state.json");
    const state = readFileSync(file, "utf8");
    writeFileSync(file, state.slice(0, 100));
    await expect(project.start()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    writeFileSync(file, state);
    expect(await project.start()).toMatchObject({ created: false });
  });

  test("data without PG_VERSION is not touched, and the error says what to remove", async () => {
    const project = projects.create();
    const { dataDir } = await project.start();
    await stopEmbedded({ projectDir: project.dir });
    rmSync(join(dataDir, "PG_VERSION"));
    await expect(project.start()).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      message: expect.stringContaining("has no PG_VERSION"),
      hint: expect.stringContaining(`rm -r ${dataDir}`),
    });
    expect(existsSync(join(dataDir, "base"))).toBe(true);
    rmSync(dataDir, { recursive: true });
    expect(await project.start()).toMatchObject({ created: true });
  });

  test("data that a server on another machine may be using is not touched", async () => {
    const project = projects.create();
    const server = await project.start();
    process.kill(pidOf(project.dir), "SIGKILL");
    await until("the server is gone", () => findEmbedded({ projectDir: project.dir })?.running === false);
    const file = join(project.dir, ".tm-db", "state.json");
    const state = JSON.parse(readFileSync(file, "utf8")) as { machine: string };
    writeFileSync(file, JSON.stringify({ ...state, machine: "elsewhere" }));
    const pidFile = join(server.dataDir, "postmaster.pid");
    await expect(project.start()).rejects.toMatchObject({
      code: "SERVER_START_FAILED",
      hint: expect.stringContaining(pidFile),
    });
    rmSync(pidFile);
    expect(await project.start()).toMatchObject({ created: false });
  });
});

describe("secrets", () => {
  test(".tm-db is closed to others, ignored by git, and its state file too", async () => {
    const project = projects.create();
    const server = await project.start();
    const dir = join(project.dir, ".tm-db");
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "state.json")).mode & 0o777).toBe(0o600);
    expect(statSync(server.dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(server.logFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, ".gitignore"), "utf8")).toBe("*\n");
  });

  test("no password stands in the log, in the settings or in the process list, and none is left in a file", async () => {
    const project = projects.create();
    const server = await project.start();
    const passwords = [server.connection.password, server.superuser.password, server.authenticatorPassword];
    expect(new Set(passwords).size).toBe(3);
    const places = [server.logFile, `${server.dataDir}.conf`];
    if (process.platform === "linux")
      places.push(`/proc/${pidOf(project.dir)}/cmdline`, `/proc/${pidOf(project.dir)}/environ`);
    const texts = places.map((place) => readFileSync(place, "utf8"));
    // The control: the files are the right ones.
    expect(texts[0]).toContain("database system is ready");
    for (const password of passwords) for (const text of texts) expect(text).not.toContain(password ?? "");
    const [stored] = await query<{ rolpassword: string }>(
      server.superuser,
      "select rolpassword from pg_authid where rolname = 'tm_db'",
    );
    expect(stored?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  test("a wrong password is refused, and the message does not repeat it", async () => {
    const server = await projects.create().start();
    const wrong = { ...server.connection, password: "hunter2-hunter2" };
    const error: unknown = await query(wrong, "select 1").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "AUTHENTICATION_FAILED", sqlState: "28P01" });
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });

  test("it listens on 127.0.0.1 and nowhere else", async () => {
    const server = await projects.create().start();
    const settings = await query<{ name: string; setting: string }>(
      server.superuser,
      "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories') order by name",
    );
    expect(settings.map(({ setting }) => setting)).toEqual(["127.0.0.1", ""]);
  });
});

describe("durability", () => {
  test.each([
    { durable: true, fsync: "on" },
    { durable: false, fsync: "off" },
  ])("durable: $durable runs with fsync $fsync", async ({ durable, fsync }) => {
    const server = await projects.create().start({ durable });
    expect(await query(server.connection, "show fsync")).toEqual([{ fsync }]);
    expect(await query(server.connection, "show random_page_cost")).toEqual([{ random_page_cost: "4" }]);
  });
});

describe.skipIf(isRoot)("as a user", () => {
  test("data whose passwords were removed is not touched", async () => {
    const project = projects.create();
    const server = await project.start();
    await stopEmbedded({ projectDir: project.dir });
    rmSync(join(project.dir, ".tm-db", "state.json"));
    await expect(project.start()).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      hint: expect.stringContaining(".tm-db"),
    });
    expect(existsSync(server.dataDir)).toBe(true);
  });
});

describe.skipIf(!isRoot)("as root", () => {
  test("removing .tm-db removes the project's server, though its data lies elsewhere", async () => {
    const project = projects.create();
    const first = await project.start();
    const pid = pidOf(project.dir);
    rmSync(join(project.dir, ".tm-db"), { recursive: true });
    const second = await project.start();
    expect(second.created).toBe(true);
    expect(second.connection.password).not.toBe(first.connection.password);
    await until("the first server is gone", () => !isAlive(pid));
  });

  test("the server runs as somebody else, out of a checkout that is closed to it", async () => {
    const project = projects.create();
    expect(statSync(project.dir).mode & 0o777).toBe(0o700);
    const server = await project.start();
    expect(server.dataDir.startsWith(project.dir)).toBe(false);
    const { uid } = statSync(`/proc/${pidOf(project.dir)}`);
    expect(uid).not.toBe(0);
    expect(statSync(server.dataDir).uid).toBe(uid);
  });

  test("a place for data that the server's user cannot reach is named", async () => {
    const project = projects.create();
    await expect(project.start({ dataHome: join(project.dir, "data") })).rejects.toMatchObject({
      code: "SERVER_START_FAILED",
      detail: expect.stringContaining(project.dir),
    });
    // The next one is told to use another place, which nothing that was written down may stand in the way of.
    expect(await project.start()).toMatchObject({ created: true });
  });
});
