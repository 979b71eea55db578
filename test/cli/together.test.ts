import { execFile } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { cliProject, type CliProject, type CliRun, readEnv, REPOSITORY } from "./run-cli.ts";

const TABLE = "-- Up Migration\ncreate table public.a (id int);\n-- Down Migration\ndrop table public.a;\n";

/** node-pg-migrate's own command line, told where tm-db keeps its table. */
async function nodePgMigrate(project: CliProject, url: string): Promise<CliRun> {
  const program = join(REPOSITORY, "node_modules/node-pg-migrate/bin/node-pg-migrate.js");
  const args = [program, "up", "--migrations-schema", "tm_db", "--migrations-table", "migrations"];
  const { PATH = "" } = process.env;
  return await new Promise((resolve) => {
    const options = { cwd: project.dir, env: { PATH, DATABASE_URL: url } };
    const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
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

test("of ten at once one deploys; nine wait, say for whom, and have nothing to do", async () => {
  const project = cliProject("empty");
  project.write({ "migrations/0001_a.sql": TABLE });
  await project.run(["migrate"]);
  const { DATABASE_URL = "" } = await readEnv(project);
  project.write({ "migrations/0002_gate.sql": "create table public.b (id int);\nselect pg_advisory_xact_lock(42);\n" });
  const runs = await withConnection(DATABASE_URL, async (gatekeeper) => {
    await gatekeeper.query("select pg_advisory_lock(42)");
    const running = Array.from({ length: 10 }, async () => await project.run(["migrate"]));
    // Who waits looks again and again, and has no transaction in between.
    const waiting =
      "select count(*)::int as waiting from pg_stat_activity where application_name = 'tm-db' and query = 'rollback'";
    const count = async (): Promise<unknown> => (await gatekeeper.query<{ waiting: number }>(waiting)).rows[0]?.waiting;
    // One of them is at the gate, nine are behind it.
    await expect.poll(count, { timeout: 60_000 }).toBe(9);
    await gatekeeper.query("select pg_advisory_unlock(42)");
    return await Promise.all(running);
  });
  expect(runs.map(({ code }) => code)).toEqual(Array(10).fill(0));
  expect(runs.filter(({ stdout }) => stdout.includes("deployed 1 migration"))).toHaveLength(1);
  const late = runs.filter(({ stdout }) => stdout.includes("nothing to do"));
  expect(late).toHaveLength(9);
  for (const { stderr } of late) expect(stderr).toMatch(/tm-db \(process \d+, user tm_db/);
});

test("node-pg-migrate's own command line is held off by a deployment, and afterwards finds nothing to do", async () => {
  const project = cliProject("empty");
  project.write({ "migrations/0001_a.sql": TABLE });
  await project.run(["migrate"]);
  const { DATABASE_URL = "" } = await readEnv(project);
  expect(await nodePgMigrate(project, DATABASE_URL)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("No migrations to run!"),
  });
  project.write({ "migrations/0002_gate.sql": "create table public.b (id int);\nselect pg_advisory_xact_lock(42);\n" });
  await withConnection(DATABASE_URL, async (gatekeeper) => {
    await gatekeeper.query("select pg_advisory_lock(42)");
    const deployment = project.run(["migrate"]);
    const atGate = "select from pg_locks where locktype = 'advisory' and objid = 42 and not granted";
    await expect.poll(async () => (await gatekeeper.query(atGate)).rowCount, { timeout: 30_000 }).toBe(1);
    const refused = await nodePgMigrate(project, DATABASE_URL);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("Another migration is already running");
    await gatekeeper.query("select pg_advisory_unlock(42)");
    expect(await deployment).toMatchObject({ code: 0 });
  });
  expect(await nodePgMigrate(project, DATABASE_URL)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("No migrations to run!"),
  });
  // The control: a file that tm-db has not deployed is one for it to run, and tm-db then counts it as applied.
  project.write({ "migrations/0003_theirs.sql": "-- Up Migration\ncreate table public.theirs (id int);\n" });
  expect(await nodePgMigrate(project, DATABASE_URL)).toMatchObject({ code: 0 });
  expect(await project.run(["status", "--check"])).toMatchObject({ code: 0 });
  expect(await project.run(["migrate"])).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to do") });
});
