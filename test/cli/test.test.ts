import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { type CliProject, cliProject, readEnv, REPOSITORY } from "./run-cli.ts";

const FILES = {
  "migrations/0001_books.sql":
    "-- Up Migration\ncreate table public.books (id int primary key);\n-- Down Migration\ndrop table public.books;\n",
  "test/policies/_books.sql": "insert into public.books values (1);\n",
  "test/policies/books.sql":
    "select plan(1);\nselect is(count(*), 1::bigint, 'one book') from public.books;\nselect * from finish();\n",
};
const SLOW = "select plan(1);\nselect ok(true) from pg_sleep(60);\nselect * from finish();\n";

function project(files: Readonly<Record<string, string>> = {}): CliProject {
  const made = cliProject("empty");
  made.write({ ...FILES, ...files });
  return made;
}

/** Clones of the project's server, and sessions of runs. */
async function left({ DATABASE_URL = "" }: Readonly<Record<string, string>>): Promise<string[]> {
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname ~ '^tm_db_test_.*_[0-9a-f]{8}(_|$)' " +
        "union all select application_name from pg_stat_activity where application_name like 'tm-db%'",
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** Resolves when the file with the long sleep is running. */
async function untilSleeping({ DATABASE_URL = "" }: Readonly<Record<string, string>>): Promise<void> {
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  try {
    const sleeping = async (): Promise<number | null> =>
      (await client.query("select from pg_stat_activity where query like '%sleep(60)%' and pid <> pg_backend_pid()"))
        .rowCount;
    await expect.poll(sleeping, { timeout: 60_000 }).toBe(1);
  } finally {
    await client.end();
  }
}

test("0 when all pass, 1 when one fails, 2 when there is nothing to run; reports in every form", async () => {
  const made = project();
  const { dir } = made;
  const passed = await made.run(["test"]);
  expect(passed).toMatchObject({ code: 0, stderr: "" });
  expect(passed.stdout).toMatch(/^pass {2}test\/policies\/books\.sql {2}1 test/);
  expect(passed.stdout).toMatch(/\npassed: 1 test, 1 file in /);

  made.write({ "test/policies/books.sql": FILES["test/policies/books.sql"].replace("1::bigint", "2::bigint") });
  const failed = await made.run(["test", "--reporter", "github", "--output", "report.txt"]);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/not ok 1 one book {2}test\/policies\/books\.sql:2:1\n +have: 1\n +want: 2/);
  expect(readFileSync(join(dir, "report.txt"), "utf8")).toMatch(
    /^::error file=test\/policies\/books\.sql,line=2,col=1,title=not ok 1 one book::Failed test 1/,
  );
  const json = await made.run(["test", "--json", "--shuffle"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    command: "test",
    passed: false,
    seed: expect.any(Number) as number,
    counts: { tests: 1, failed: 1 },
    files: [{ path: "test/policies/books.sql", tests: [{ ok: false, location: { line: 2 } }] }],
  });
  expect(await made.run(["test", "-t", "nobody"])).toMatchObject({ code: 2, stdout: "" });
  expect(await made.run(["test", "--output", "none/report.xml", "--reporter", "junit"])).toMatchObject({ code: 2 });
  expect(await made.run(["test", "--seed", "x"])).toMatchObject({ code: 2 });
});

test("Ctrl-C leaves nothing; what kill -9 leaves, the next run takes away", async () => {
  const made = project();
  expect(await made.run(["test"])).toMatchObject({ code: 0 });
  const variables = await readEnv(made);
  made.write({ "test/policies/books.sql": SLOW });

  const interrupted = made.start(["test"]);
  await untilSleeping(variables);
  interrupted.child.kill("SIGINT");
  expect(await interrupted.done).toMatchObject({ code: 130, stdout: "" });
  expect(await left(variables)).toEqual([]);

  const killed = made.start(["test"]);
  await untilSleeping(variables);
  killed.child.kill("SIGKILL");
  await killed.done;
  expect(await left(variables)).not.toEqual([]);
  made.write({ "test/policies/books.sql": FILES["test/policies/books.sql"] });
  expect(await made.run(["test"])).toMatchObject({ code: 0 });
  expect(await left(variables)).toEqual([]);
});

test("--watch runs a saved test, and everything on a new template when something else was saved", async () => {
  const made = project({ "test/policies/other.sql": FILES["test/policies/books.sql"] });
  const { child, done } = made.start(["test", "--watch"]);
  let output = "";
  child.stdout?.on("data", (text: string) => (output += text));
  const next = async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => output, { timeout: 60_000, interval: 20 }).toMatch(pattern);
    const seen = output;
    output = "";
    return seen;
  };
  expect(await next(/passed: 2 tests, 2 files/)).toContain("pass  test/policies/books.sql");

  made.write({ "test/policies/books.sql": FILES["test/policies/books.sql"].replace("'one book'", "'just one'") });
  expect(await next(/passed: 1 test, 1 file/)).not.toContain("other.sql");

  made.write({ "test/policies/_books.sql": "insert into public.books values (1), (2);\n" });
  expect(await next(/failed: 2 tests, 2 failed, 2 files/)).toContain("not ok 1 just one");
  child.kill("SIGINT");
  expect(await done).toMatchObject({ code: 130 });
});

test("a container is refused with the way on where it cannot be had, and two servers at once always", async () => {
  const made = project();
  const missing = await made.run(["test", "--server", "container"]);
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing.stderr).toMatch(
    /CONTAINER_UNAVAILABLE the package testcontainers[^]*npm install --save-dev testcontainers/,
  );
  const two = await made.run(["test", "--server", "container", "--database-url", "postgres://u@127.0.0.1:1/x"]);
  expect(two.stderr).toContain("USAGE --server container and --database-url");
  expect(await made.run(["test", "--image", "postgres:16"])).toMatchObject({ code: 2 });
});

const hasDocker = spawnSync("docker", ["info"]).status === 0;

test.skipIf(!hasDocker)("the tests run on PostgreSQL in a container, which is gone afterwards", async () => {
  const made = project();
  symlinkSync(join(REPOSITORY, "node_modules"), join(made.dir, "node_modules"));
  const { code, stdout } = await made.run(["test", "--server", "container", "--image", "postgres:16", "--json"]);
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({
    code: 0,
    passed: true,
    server: { version: expect.stringMatching(/^16/) as string },
  });
});
