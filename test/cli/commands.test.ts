import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { isCheckoutReachable } from "../support/reachable.ts";
import { type CliProject, cliProject, readEnv } from "./run-cli.ts";

const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;

async function withConnection<T>(url: string, callback: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await callback(client);
  } finally {
    await client.end();
  }
}

/** A line of its own for what cannot be seen in a small project. */
const TABLE = "-- Up Migration\ncreate table public.a (id int);\n-- Down Migration\ndrop table public.a;\n";

describe("up", () => {
  test("builds everything from nothing, says what to do next, and twice is quick and changes nothing", async () => {
    const project = cliProject("reference");
    const first = await project.run(["up"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/postgres:\/\/authenticator@127\.0\.0\.1:\d+\/task_manager/);
    expect(first.stdout).toContain("npx tm-db postgrest run");
    const token = /A token for alice@example\.com:\n {2}(\S+)/.exec(first.stdout)?.[1] ?? "";
    expect(token.split(".")).toHaveLength(3);
    const variables = await readEnv(project);
    const mine = await withConnection(variables["PGRST_DB_URI"] ?? "", async (client) => {
      const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
      await client.query("begin");
      await client.query("select set_config('role', 'api_user', true), set_config('request.jwt.claims', $1, true)", [
        claims,
      ]);
      return (await client.query<{ name: string }>("select name from api.project_details order by name")).rows;
    });
    expect(mine.map(({ name }) => name)).toEqual(["Bicycle workshop", "Office move", "Website relaunch"]);
    const second = await project.run(["up", "--json"]);
    expect(JSON.parse(second.stdout)).toMatchObject({
      ok: true,
      command: "up",
      seeded: false,
      deployment: { steps: [] },
    });
  });

  test("what a person deleted from the development data stays deleted", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    await withConnection(DATABASE_URL, async (client) => await client.query("delete from api.projects"));
    await project.run(["up"]);
    const rows = await withConnection(
      DATABASE_URL,
      async (client) => (await client.query("select from api.projects")).rowCount,
    );
    expect(rows).toBe(0);
  });

  test("development data goes into the embedded server only: an address on this machine may be a tunnel's end", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    await withConnection(DATABASE_URL, async (client) => await client.query("create database elsewhere"));
    const url = new URL(DATABASE_URL);
    url.pathname = "/elsewhere";
    const { code, stdout } = await project.run(["up", "--json", "--database-url", url.href]);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, seeded: false, next: { token: null } });
    const people = await withConnection(
      url.href,
      async (client) => (await client.query("select from api.users")).rowCount,
    );
    expect(people).toBe(0);
  });

  test("a shell that took over what env prints works with the embedded server still, and with another's if it names one", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    const env = await readEnv(project);
    const { DATABASE_URL = "" } = env;
    const json = async (args: readonly string[], variables = env): Promise<Record<string, unknown>> =>
      JSON.parse((await project.run([...args, "--json"], { env: variables })).stdout) as Record<string, unknown>;
    const embedded = { database: { source: "the embedded server" }, server: { kind: "embedded" }, seeded: true };
    expect(await json(["reset", "--yes"])).toMatchObject({ up: embedded });
    await project.run(["stop"], { env });
    expect(await json(["status"])).toMatchObject({ error: { code: "SERVER_NOT_RUNNING" } });

    // The controls: another database of that server, as another role, at another port.
    const changes: ((url: URL) => void)[] = [
      (url) => (url.pathname = "/elsewhere"),
      (url) => (url.username = "somebody"),
      (url) => (url.port = String(Number(url.port) + 1)),
    ];
    for (const change of changes) {
      const url = new URL(DATABASE_URL);
      change(url);
      expect(await json(["up"], { DATABASE_URL: url.href })).toMatchObject({
        error: { code: "CONNECTION_REFUSED", hint: expect.stringContaining("unset DATABASE_URL && npx tm-db up") },
      });
    }
    expect(await json(["up"])).toMatchObject({ server: { kind: "embedded", started: true }, seeded: false });
    expect(await json(["doctor"])).toMatchObject({ healthy: true, database: { source: "the embedded server" } });
  });
});

describe("refresh", () => {
  test("refreshes the materialized view without making readers wait, and says how many figures were wrong", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    const before = await withConnection(DATABASE_URL, async (client) => {
      await client.query("update stats.project_figures set total_tasks = 99 where project_id = 1");
      await client.query("insert into api.tasks (title, project_id) values ('new', 1)");
      return (await client.query<{ n: number }>("select sum(created_tasks)::int as n from stats.project_activity"))
        .rows;
    });
    const run = await project.run(["refresh", "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      ok: true,
      views: [{ name: "stats.project_activity", concurrently: true }],
      functions: [{ name: "api.refresh_project_stats", answer: "1" }],
    });
    const after = await withConnection(DATABASE_URL, async (client) => {
      return (await client.query<{ n: number }>("select sum(created_tasks)::int as n from stats.project_activity"))
        .rows;
    });
    expect([before, after]).toEqual([[{ n: 11 }], [{ n: 12 }]]);
    expect((await project.run(["refresh"])).stdout).toContain("recounted  api.refresh_project_stats: 0");
  });
});

describe("secrets", () => {
  test("stand in no output but that of env, in no log, and not in the ledger", async () => {
    const project = cliProject("reference");
    const outputs: string[] = [];
    const run = async (...args: string[]): Promise<void> => {
      const { stdout, stderr } = await project.run(args, { env: { TM_DB_JWT_SECRET: secret } });
      outputs.push(stdout, stderr);
    };
    const secret = "a secret of our own that is long enough 0123456789";
    await project.run(["up"]);
    const before = await readEnv(project);
    const { DATABASE_URL = "", PGRST_JWT_SECRET: generated = "" } = before;
    await withConnection(DATABASE_URL, async (client) => {
      // What an administrator of another server may have set: everything that PostgreSQL can log of a statement.
      const state = JSON.parse(readFileSync(join(project.dir, ".tm-db/state.json"), "utf8")) as {
        superuserPassword: string;
      };
      const superuser = new URL(DATABASE_URL);
      superuser.username = "postgres";
      superuser.password = state.superuserPassword;
      await withConnection(superuser.href, async (admin) => {
        await admin.query("alter database task_manager set log_statement = 'all'");
        await admin.query("alter database task_manager set log_min_duration_statement = 0");
      });
      await client.query("select 1");
    });
    await run("rollback", "--all", "--yes");
    await run("up", "--json");
    await run("status");
    await run("migrate", "--dry-run");
    await run("reset", "--yes");
    await run("migrate", "--database-url", DATABASE_URL.replace("127.0.0.1", "127.0.0.1.invalid"));
    const after = await readEnv(project);
    expect(after["PGRST_JWT_SECRET"]).toBe(secret);
    for (const args of [["prepare"], ["rotate"], ["status"]]) {
      const { code, stdout, stderr } = await project.run(["secret", ...args]);
      expect(code).toBe(0);
      outputs.push(stdout, stderr);
    }
    // The environment still holds the secret that was exchanged.
    await run("migrate");
    expect(outputs.at(-1)).toContain("SECRET_ROTATION");
    const { keys } = JSON.parse((await readEnv(project))["PGRST_JWT_SECRET"] ?? "") as { keys: { k: string }[] };
    const exchanged = keys.map(({ k }) => Buffer.from(k, "base64url").toString());
    expect(exchanged).toEqual([expect.stringMatching(/^[\w-]{64}$/), secret]);
    const passwords = [DATABASE_URL, before["PGRST_DB_URI"] ?? ""].map((url) =>
      decodeURIComponent(new URL(url).password),
    );
    const dumps = await withConnection(DATABASE_URL, async (client) => {
      const { rows } = await client.query<{ text: string }>(
        "select (select jsonb_agg(to_jsonb(f)) from tm_db.files as f)::text || (select jsonb_agg(to_jsonb(c)) from tm_db.changes as c)::text as text",
      );
      return rows.map(({ text }) => text);
    });
    const log = serverLog(project);
    // The control: the log does hold the statements.
    expect(log).toContain("alter role");
    for (const secretText of [...exchanged, generated, ...passwords]) {
      expect(secretText.length).toBeGreaterThan(20);
      for (const text of [...outputs, ...dumps, log]) expect(text.includes(secretText)).toBe(false);
    }
  });

  test("one that is too short is refused before anything is written", async () => {
    const project = cliProject("reference");
    const { code, stderr } = await project.run(["up"], { env: { TM_DB_JWT_SECRET: "short" } });
    expect(code).toBe(2);
    expect(stderr).toContain("SECRET_TOO_SHORT");
    expect(stderr).not.toMatch(/"short"|=short/);
    expect(existsSync(join(project.dir, ".tm-db"))).toBe(false);
  });

  test("a column that refuses the secret does not put it into the log", async () => {
    const project = cliProject("empty");
    project.write({
      "tm-db.config.json": '{ "database": "narrow", "jwtSecret": "public.secrets.secret" }',
      "migrations/0001_narrow.sql":
        "create table public.secrets (secret varchar(40));\n-- Down Migration\ndrop table public.secrets;\n",
    });
    const secret = "TOPSECRET-0123456789-0123456789-0123456789-0123456789";
    const { code, stderr } = await project.run(["migrate"], { env: { TM_DB_JWT_SECRET: secret } });
    expect(code).toBe(1);
    expect(stderr).toContain("the secret does not fit its column");
    const log = serverLog(project);
    expect(log).toContain("the secret does not fit its column");
    expect(`${stderr}${log}`).not.toContain("TOPSECRET");
  });

  test("env is made for eval, whatever the values hold", async () => {
    const project = cliProject("reference");
    const secret = `it's "quoted" $HOME \`and\` long enough for a secret`;
    await project.run(["up"], { env: { TM_DB_JWT_SECRET: secret } });
    const { stdout } = await project.run(["env"]);
    expect(stdout).toMatch(/^DATABASE_URL=postgres:/m);
    expect(stdout).toMatch(/^PGRST_DB_URI=postgres:/m);
    const seen = execFileSync("sh", ["-c", `eval "$ENV_LINES"; sh -c 'printf %s "$PGRST_JWT_SECRET"'`], {
      env: { ENV_LINES: stdout, PATH: process.env["PATH"] },
    });
    expect(seen.toString()).toBe(secret);
  });
});

function serverLog(project: CliProject): string {
  const state = JSON.parse(readFileSync(join(project.dir, ".tm-db/state.json"), "utf8")) as {
    clusters: string;
    major: number;
  };
  const command = `cat "${state.clusters}"/*${state.major}*log*`;
  return execFileSync("sh", ["-c", command], { maxBuffer: 100_000_000 }).toString();
}

describe("a database of one's own", () => {
  test("status, new, migrate and rollback from a terminal", async () => {
    const project = cliProject("empty");
    expect(await project.run(["status"])).toMatchObject({ code: 2, stderr: expect.stringContaining("npx tm-db up") });
    project.write({ "migrations/0001_a.sql": TABLE });
    expect(await project.run(["migrate"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("migrations/0001_a.sql"),
    });
    expect(await project.run(["new", "Add due dates!"])).toMatchObject({
      code: 0,
      stdout: "migrations/0002_add_due_dates.sql\n",
    });
    expect(await project.run(["status", "--check"])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("pending"),
    });
    expect(await project.run(["migrate", "--quiet"])).toMatchObject({ code: 0, stderr: "" });
    expect(await project.run(["status", "--check", "--json"])).toMatchObject({ code: 0 });
    const dry = await project.run(["rollback", "--steps", "2", "--dry-run"]);
    expect(dry.stdout).toContain("drop table public.a;");
    expect(await project.run(["rollback", "--all"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--yes"),
    });
    expect(await project.run(["rollback", "--all", "--yes"])).toMatchObject({ code: 0 });
    expect(await project.run(["rollback"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOTHING_TO_ROLL_BACK"),
    });
    expect(await project.run(["stop"])).toMatchObject({ code: 0, stdout: expect.stringContaining("stopped") });
    expect(await project.run(["stop"])).toMatchObject({ code: 0, stdout: expect.stringContaining("not running") });
  });

  test("an error says what, where and what next, without a stack, and as JSON on request", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": `${TABLE.replace("(id int)", "(id imt)")}` });
    const text = await project.run(["migrate"]);
    expect(text.code).toBe(1);
    expect(text.stdout).toBe("");
    expect(text.stderr.split("\n").slice(0, 4)).toEqual([
      'error SQL_ERROR type "imt" does not exist',
      "  at migrations/0001_a.sql:2:27",
      "  2 | create table public.a (id imt);",
      "    |                           ^",
    ]);
    expect(text.stderr).not.toMatch(/^\s+at .*\.js/m);
    const json = await project.run(["migrate", "--json"]);
    expect(json).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      error: { code: "SQL_ERROR", sqlState: "42704", location: { line: 2 } },
    });
  });

  test.each([
    [["migrat"], "unknown command"],
    [["migrate", "--dry-rum"], "--dry-run"],
    [["rollback", "--steps", "0"], "must be a whole number from 1"],
    // A variable that is not set must not mean "for ever".
    [["migrate", "--lock-timeout", ""], "must be a whole number from 0"],
    [["migrate", "--statement-timeout", "0x10"], "must be a whole number from 0"],
    [["migrate", "--lock-retries", " "], "must be a whole number from 0"],
    [["mutate", "--min-score", ""], "must be a number from 0 to 100"],
    [["realtime", "--port", "65536"], "must be a whole number from 0 to 65535"],
    [["seed", "dev", "--scale", "0"], "must be a number above 0"],
    [["rollback", "--steps", "1", "--all"], "cannot be used with"],
    [["up", "--pg", "14"], "none of 15, 16, 17, 18"],
    [["new"], "missing required argument"],
    [["migrate", "--database-url", "mysql://x"], "PostgreSQL URL"],
  ])("%j is a usage error: exit 2 and a hint", async (args, words) => {
    const project = cliProject("empty");
    const { code, stdout, stderr } = await project.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).toContain("hint");
  });

  test("a reset that fails says that the rows are gone, and what to do", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": TABLE });
    await project.run(["up"]);
    project.write({ "seeds/dev.sql": "insert into nowhere values (1);\n" });
    const { code, stderr } = await project.run(["reset", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain("at seeds/dev.sql:1:13");
    expect(stderr).toContain("the database was dropped and made anew before, and its rows are gone; run reset again");
    expect(stderr).not.toContain("nothing was changed");
  });

  test("nobody listening, a wrong password and a missing database each have a message of their own", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": TABLE });
    await project.run(["migrate"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    const closed = await project.run(["migrate"], { env: { DATABASE_URL: "postgres://me:hidden@127.0.0.1:1/x" } });
    expect(closed).toMatchObject({ code: 2, stderr: expect.stringContaining("CONNECTION_REFUSED") });
    const url = new URL(DATABASE_URL);
    url.password = "wrongpassword";
    const wrong = await project.run(["migrate", "--database-url", url.href]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("AUTHENTICATION_FAILED") });
    const missing = await project.run(["migrate"], { env: { DATABASE_URL: `${DATABASE_URL}_not` } });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("DATABASE_MISSING") });
    for (const { stderr } of [closed, wrong, missing]) expect(stderr).not.toMatch(/hidden|wrongpassword/);
  });

  test("a role that may not create roles is told so, and nothing remains", async () => {
    const project = cliProject("reference");
    await project.run(["up"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    const plain = new URL(DATABASE_URL);
    await project.run(["rollback", "--all", "--yes"]);
    await withConnection(DATABASE_URL, async (client) => {
      await client.query("create role plain login password 'plain'");
      await client.query("create database plain_db owner tm_db");
      await client.query("grant all on database plain_db to plain");
    });
    Object.assign(plain, { username: "plain", password: "plain", pathname: "/plain_db" });
    const refused = await project.run(["migrate", "--database-url", plain.href]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("PERMISSION_DENIED") });
    expect(refused.stderr).toContain("migrations/0001_roles.sql");
    const left = await withConnection(
      plain.href,
      async (client) => (await client.query("select from pg_namespace where nspname = 'tm_db'")).rowCount,
    );
    expect(left).toBe(0);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s in the middle of a deployment leaves nothing and exits with 130",
    async (signal) => {
      const project = cliProject("empty");
      project.write({ "migrations/0001_a.sql": TABLE });
      await project.run(["migrate"]);
      const { DATABASE_URL = "" } = await readEnv(project);
      project.write({
        "migrations/0002_b.sql": "create table public.b (id int);",
        "migrations/0003_slow.sql": "select pg_sleep(60);",
      });
      await withConnection(DATABASE_URL, async (client) => {
        const { child, done } = project.start(["migrate"]);
        const sleeping =
          "select from pg_stat_activity where application_name = 'tm-db' and query like '%pg_sleep%' and state = 'active'";
        await expect.poll(async () => (await client.query(sleeping)).rowCount, { timeout: 10_000 }).toBe(1);
        child.kill(signal);
        expect(await done).toMatchObject({ code: 130, stderr: expect.stringContaining("INTERRUPTED") });
        expect((await client.query("select to_regclass('public.b') as b")).rows).toEqual([{ b: null }]);
        expect((await client.query(sleeping)).rowCount).toBe(0);
      });
      project.write({ "migrations/0003_slow.sql": "select 1;" });
      expect(await project.run(["migrate"])).toMatchObject({ code: 0 });
    },
  );

  test("kill -9 in the middle of a deployment leaves nothing, and the next run succeeds", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": TABLE });
    await project.run(["migrate"]);
    const { DATABASE_URL = "" } = await readEnv(project);
    project.write({
      "migrations/0002_b.sql": "create table public.b (id int);",
      "migrations/0003_slow.sql": "select pg_sleep(1);",
    });
    await withConnection(DATABASE_URL, async (client) => {
      const { child, done } = project.start(["migrate"]);
      const sleeping =
        "select from pg_stat_activity where application_name = 'tm-db' and query like '%pg_sleep%' and state = 'active'";
      await expect.poll(async () => (await client.query(sleeping)).rowCount, { timeout: 10_000 }).toBe(1);
      child.kill("SIGKILL");
      await done;
      expect((await client.query("select to_regclass('public.b') as b")).rows).toEqual([{ b: null }]);
    });
    expect(await project.run(["migrate"])).toMatchObject({ code: 0, stdout: expect.stringContaining("2 migrations") });
  });

  test.runIf(isRoot && isCheckoutReachable())(
    "a checkout that cannot be written to is answered with what to do",
    async () => {
      const project = cliProject("empty");
      project.write({ "migrations/0001_a.sql": TABLE });
      chmodSync(project.dir, 0o555);
      const { code, stderr } = await project.run(["up"], { uid: NOBODY });
      expect(code).toBe(2);
      expect(stderr).toContain("FILE_UNWRITABLE");
      expect(stderr).toContain("--database-url");
      chmodSync(project.dir, 0o755);
    },
  );

  test("a reader that has seen enough is no failure", async () => {
    const project = cliProject("empty");
    for (let index = 1; index < 400; index += 1)
      writeFileSync(join(project.dir, `migrations/${String(index).padStart(4, "0")}_x.sql`), "select 1;\n");
    await project.run(["migrate"]);
    const bin = join(import.meta.dirname, "../../bin/tm-db.js");
    const output = execFileSync("sh", ["-c", `"${process.execPath}" "${bin}" status --json | head -1; echo "$?"`], {
      cwd: project.dir,
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(output.toString()).toBe("{\n0\n");
  });
});

test("the database is the one that the settings name, for every command; a renamed folder keeps its own", async () => {
  const project = cliProject("empty");
  const settings = (database: object): void => project.write({ "tm-db.config.json": JSON.stringify(database) });
  project.write({ "migrations/0001_a.sql": "create table a (id int);\n-- Down Migration\ndrop table a;\n" });
  settings({});
  expect(await project.run(["up"])).toMatchObject({ code: 0 });
  const database = async (): Promise<string> =>
    new URL((await readEnv(project))["DATABASE_URL"] ?? "").pathname.slice(1);
  expect(await database()).toBe("project");

  const moved = `${project.dir}-renamed`;
  renameSync(project.dir, moved);
  mkdirSync(project.dir);
  const config = ["--config", join(moved, "tm-db.config.json")];
  expect(await project.run(["up", ...config])).toMatchObject({ code: 0, stdout: expect.stringContaining("/project") });
  expect(await project.run(["status", "--check", ...config])).toMatchObject({ code: 0 });
  rmdirSync(project.dir);
  renameSync(moved, project.dir);
  expect(await project.run(["up"])).toMatchObject({ code: 0 });

  settings({ database: "other" });
  for (const command of [["rollback"], ["status"], ["drift"]]) {
    expect(await project.run(command)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/DATABASE_MISSING the server has no database "other"[^]*hint npx tm-db up\n/),
    });
  }
  expect(await project.run(["up"])).toMatchObject({ code: 0, stdout: expect.stringContaining("/other") });
  expect(await database()).toBe("other");
  settings({ database: "project" });
  expect(await project.run(["status", "--check"])).toMatchObject({ code: 0 });
});
