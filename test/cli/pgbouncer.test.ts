import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { findFreePorts } from "../support/free-ports.ts";
import { cliProject, type CliProject, readEnv } from "./run-cli.ts";

/** Debian's lies where only root's PATH looks. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
const NOBODY = 65534;
const POOL_SIZE = 2;

function isInstalled(): boolean {
  try {
    execFileSync("pgbouncer", ["--version"], { env: { PATH }, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The address of a project's database behind a PgBouncer, in transaction mode unless another is said, which ends with the test. */
async function startPooler(project: CliProject, mode = "transaction"): Promise<string> {
  const { DATABASE_URL = "" } = await readEnv(project);
  const url = new URL(DATABASE_URL);
  const dir = mkdtempSync(join(tmpdir(), "tm-db-pgbouncer-"));
  chmodSync(dir, 0o755);
  const port = await findFreePorts(1);
  writeFileSync(join(dir, "users.txt"), `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
  writeFileSync(
    join(dir, "pgbouncer.ini"),
    `[databases]
* = host=127.0.0.1 port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(dir, "users.txt")}
pool_mode = ${mode}
default_pool_size = ${POOL_SIZE}
`,
  );
  const user = process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const pooler = spawn("pgbouncer", [join(dir, "pgbouncer.ini")], { env: { PATH }, stdio: "ignore", ...user });
  onTestFinished(async () => {
    await end(pooler);
    rmSync(dir, { recursive: true, force: true });
  });
  url.port = String(port);
  await expect.poll(async () => await canLogIn(url.href), { timeout: 10_000 }).toBe(true);
  return url.href;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function canLogIn(url: string): Promise<boolean> {
  return await withConnection(url, async () => await Promise.resolve(true)).catch(() => false);
}

async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Session {
  readonly settings: readonly string[];
  readonly role: string;
  readonly prepared: number;
  readonly locks: number;
}

/** What sticks to the sessions of the pool: transactions that are open at once must each have another. */
async function readSessions(url: string): Promise<Session[]> {
  const clients = Array.from({ length: POOL_SIZE }, () => new pg.Client({ connectionString: url }));
  try {
    for (const client of clients) await client.connect();
    for (const client of clients) await client.query("begin");
    return await Promise.all(
      clients.map(async (client) => {
        const { rows } = await client.query<Session>(
          `select
             (
               select coalesce(json_agg(s.name || '=' || s.setting), '[]')
               from pg_settings as s
               where s.source = 'session' and s.name not in ('application_name', 'client_encoding', 'DateStyle', 'TimeZone')
             ) as settings,
             current_user as role,
             (select count(*)::int from pg_prepared_statements) as prepared,
             (select count(*)::int from pg_locks where locktype = 'advisory') as locks`,
        );
        return rows[0] ?? { settings: [], role: "", prepared: 0, locks: 0 };
      }),
    );
  } finally {
    for (const client of clients) await client.end();
  }
}

const CLEAN: readonly Session[] = Array.from({ length: POOL_SIZE }, () => ({
  settings: [],
  role: "tm_db",
  prepared: 0,
  locks: 0,
}));
const SLOW = { "migrations/0002_slow.sql": "select pg_sleep(1);\n-- Down Migration\nselect 1;\n" };
const TABLE = { "migrations/0001_a.sql": "create table public.a (id int);\n-- Down Migration\ndrop table public.a;\n" };

describe.runIf(isInstalled())("through PgBouncer in transaction mode (skipped where it is not installed)", () => {
  test("everything is deployed, changed and taken back, and nothing sticks to a session", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    await project.run(["rollback", "--all", "--yes"]);
    // What a direct connection would not go by.
    await withConnection((await readEnv(project))["DATABASE_URL"] ?? "", async (client) => {
      await client.query("alter role tm_db set statement_timeout = '1min'");
    });
    const env = { DATABASE_URL: await startPooler(project) };
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await project.run(args, { env });
      expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
      return stdout;
    };
    expect(await run("migrate")).toContain("deployed 7 migrations");
    expect(await run("migrate")).toContain("nothing to do");
    await run("status", "--check");
    project.write({
      "functions/api/added.sql": "create function api.added() returns int language sql as 'select 1';\n",
    });
    expect(await run("migrate")).toContain("functions/api/added.sql");
    expect(await run("rollback")).toContain("functions/api/added.sql");
    await run("migrate", "--dry-run");
    await run("rollback", "--all", "--yes");
    expect(await readSessions(env.DATABASE_URL)).toEqual(CLEAN);
    // The control: what is set without a transaction would be seen.
    await withConnection(env.DATABASE_URL, async (client) => await client.query("set lock_timeout = '7s'"));
    expect((await readSessions(env.DATABASE_URL)).flatMap(({ settings }) => settings)).toEqual(["lock_timeout=7000"]);
  });

  test("of more deployments than the pool has sessions, one deploys and the others find nothing to do", async () => {
    const project = cliProject("empty");
    project.write(TABLE);
    await project.run(["migrate"]);
    const env = { DATABASE_URL: await startPooler(project) };
    project.write(SLOW);
    const runs = await Promise.all(
      Array.from({ length: POOL_SIZE + 2 }, async () => await project.run(["migrate"], { env })),
    );
    expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0));
    expect(runs.filter(({ stdout }) => stdout.includes("nothing to do"))).toHaveLength(POOL_SIZE + 1);
    expect(await readSessions(env.DATABASE_URL)).toEqual(CLEAN);
  });

  test("Ctrl-C reaches the server through the pool, and leaves nothing", async () => {
    const project = cliProject("empty");
    project.write(TABLE);
    await project.run(["migrate"]);
    const env = { DATABASE_URL: await startPooler(project) };
    project.write({ "migrations/0002_b.sql": "create table public.b (id int);\nselect pg_sleep(60);\n" });
    const { child, done } = project.start(["migrate"], { env });
    await withConnection((await readEnv(project))["DATABASE_URL"] ?? "", async (client) => {
      const sleeping =
        "select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()";
      await expect.poll(async () => (await client.query(sleeping)).rowCount, { timeout: 20_000 }).toBe(1);
      child.kill("SIGINT");
      expect(await done).toMatchObject({ code: 130 });
      expect((await client.query(sleeping)).rowCount).toBe(0);
      expect((await client.query("select to_regclass('public.b') as b")).rows).toEqual([{ b: null }]);
    });
    expect(await readSessions(env.DATABASE_URL)).toEqual(CLEAN);
  });

  test("messages do not get through, which listen says; in session mode they do", async () => {
    const project = cliProject("empty");
    project.write(TABLE);
    await project.run(["migrate"]);
    const deaf = await project.run(["listen", "garden"], { env: { DATABASE_URL: await startPooler(project) } });
    expect(deaf).toMatchObject({ code: 2, stderr: expect.stringContaining("POOLED_CONNECTION") });
    const env = { DATABASE_URL: await startPooler(project, "session") };
    const { child, done } = project.start(["listen", "garden", "--count", "1"], { env });
    await new Promise((resolve) => child.stderr?.once("data", resolve));
    await withConnection((await readEnv(project))["DATABASE_URL"] ?? "", async (client) => {
      await client.query("notify garden, 'heard'");
    });
    expect(await done).toMatchObject({ code: 0, stdout: expect.stringContaining("garden heard") });
  });
});
