import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { type CliProject, cliProject, leftBehind, readEnv } from "./run-cli.ts";

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
  const unread = await made.run(["test", "-t", "nobody", "--reporter", "json"]);
  expect(unread).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(unread.stdout)).toMatchObject({ ok: false, error: { code: expect.any(String) as string } });
  expect(await made.run(["test", "--output", "none/report.xml", "--reporter", "junit"])).toMatchObject({ code: 2 });
  expect(await made.run(["test", "--seed", "x"])).toMatchObject({ code: 2 });
});

test("what a row says is nothing that a CI system or a terminal obeys", async () => {
  const made = project({
    "test/policies/forged.sql": String.raw`select plan(1);
select is(E'a\n::error title=forged::from a row\n##[error]x \u001b]0;title\u0007\u009b1A\u202e'::text, '', E'b \u001b[2J##[set-env name=A]b');
select * from finish();
`,
  });
  for (const reporter of ["spec", "github", "dot", "tap", "junit", "json"]) {
    const { code, stdout } = await made.run(["test", "--reporter", reporter]);
    expect({ reporter, code, obeyed: stdout.match(/[^\P{Cc}\n]|\p{Cf}|##\w*\[/gu) }).toEqual({
      reporter,
      code: 1,
      obeyed: null,
    });
    const commands = stdout.split("\n").filter((line) => line.trimStart().startsWith("::"));
    const own = [expect.stringMatching(/^::error file=test\/policies\/forged\.sql,line=2,/)];
    expect({ reporter, commands }).toEqual({ reporter, commands: reporter === "github" ? own : [] });
    expect(stdout).toContain("from a row");
  }
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
  expect(await leftBehind(made)).toEqual([]);

  const killed = made.start(["test"]);
  await untilSleeping(variables);
  killed.child.kill("SIGKILL");
  await killed.done;
  expect(await leftBehind(made)).not.toEqual([]);
  made.write({ "test/policies/books.sql": FILES["test/policies/books.sql"] });
  expect(await made.run(["test"])).toMatchObject({ code: 0 });
  expect(await leftBehind(made)).toEqual([]);
});

/** Starts `test --watch`; `next` resolves with what was said since, once that has the pattern. */
function watching(made: CliProject): {
  readonly next: (pattern: RegExp) => Promise<string>;
  readonly end: () => Promise<{ readonly code: number | null }>;
} {
  const { child, done } = made.start(["test", "--watch"]);
  // A test that fails does not come to its end.
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout?.on("data", (text: string) => (output += text));
  child.stderr?.on("data", (text: string) => (output += text));
  return {
    next: async (pattern) => {
      await expect.poll(() => output, { timeout: 60_000, interval: 20 }).toMatch(pattern);
      const seen = output;
      output = "";
      return seen;
    },
    end: async () => {
      child.kill("SIGINT");
      return await done;
    },
  };
}

test("--watch runs a saved test, and everything when something else was saved", async () => {
  const made = project({ "test/policies/other.sql": FILES["test/policies/books.sql"] });
  const { next, end } = watching(made);
  expect(await next(/passed: 2 tests, 2 files/)).toContain("pass  test/policies/books.sql");

  made.write({ "test/policies/books.sql": FILES["test/policies/books.sql"].replace("'one book'", "'just one'") });
  expect(await next(/passed: 1 test, 1 file/)).not.toContain("other.sql");

  made.write({ "test/policies/_books.sql": "insert into public.books values (1), (2);\n" });
  expect(await next(/failed: 2 tests, 2 failed, 2 files/)).toContain("not ok 1 just one");
  expect(await end()).toMatchObject({ code: 130 });
});

/** As `sed -i` and vim save: another file is put in the place of the one that is there. */
function replaceFile({ dir }: CliProject, path: string, text: string): void {
  writeFileSync(join(dir, `${path}.new`), text);
  renameSync(join(dir, `${path}.new`), join(dir, path));
}

test("--watch sees each save of an editor that puts another file in the place of the old one", async () => {
  const titles = (name: string): string =>
    `create function public.titles() returns text language sql return '${name}';\n`;
  const made = project({
    "migrations/0001_books.sql":
      "-- Up Migration\ncreate table public.books (id int primary key);\n" +
      "create materialized view public.counted as select count(*) as books from public.books;\n" +
      "-- Down Migration\ndrop materialized view public.counted;\ndrop table public.books;\n",
    "functions/public/titles.sql": titles("none"),
    "test/policies/titles.sql":
      "select plan(2);\nselect is(public.titles(), 'first');\nselect is(books, 1::bigint) from public.counted;\nselect * from finish();\n",
  });
  const { next, end } = watching(made);
  await next(/failed: 3 tests, 1 failed, 2 files/);
  for (const name of ["one", "two", "three"]) {
    replaceFile(made, "functions/public/titles.sql", titles(name));
    expect(await next(/failed: 3 tests, 1 failed, 2 files/)).toContain(`have: ${name}`);
  }
  for (const name of ["one", "two", "three"]) {
    const text = FILES["test/policies/books.sql"].replace("'one book'", `'book ${name}'`);
    replaceFile(made, "test/policies/books.sql", text.replace("1::bigint", "2::bigint"));
    expect(await next(/failed: 1 test, 1 failed, 1 file/)).toContain(`not ok 1 book ${name}`);
  }
  replaceFile(made, "test/policies/books.sql", FILES["test/policies/books.sql"]);
  await next(/passed: 1 test, 1 file/);
  // A folder that was not there, and one in the place of another, as after a change of branch.
  mkdirSync(join(made.dir, "views/public"), { recursive: true });
  writeFileSync(join(made.dir, "views/public/all_books.sql"), "create view public.all_books as select 1 / 0 as id;\n");
  expect(await next(/failed: 3 tests, 1 failed, 2 files/)).toContain("have: three");
  rmSync(join(made.dir, "functions"), { recursive: true });
  mkdirSync(join(made.dir, "functions/public"), { recursive: true });
  replaceFile(made, "functions/public/titles.sql", titles("first"));
  await next(/passed: 3 tests, 2 files/);
  replaceFile(made, "views/public/all_books.sql", "create view public.all_books as selec;\n");
  expect(await next(/error SQL_ERROR/)).toContain("views/public/all_books.sql:1");
  expect(await end()).toMatchObject({ code: 130 });
});

test("--watch deploys what was saved, loads the fixtures anew, and outlives mistakes", async () => {
  const titles = (name: string): string =>
    `create function public.titles() returns text language sql return '${name}';\n`;
  const made = project({
    "functions/public/titles.sql": titles("first"),
    "test/policies/_titles.sql": "create table kept as select public.titles() as title;\n",
    "test/policies/titles.sql":
      "select plan(1);\nselect is(title || ' ' || public.titles(), 'first first') from kept;\nselect * from finish();\n",
  });
  const { next, end } = watching(made);
  await next(/passed: 2 tests, 2 files/);

  made.write({ "functions/public/titles.sql": titles("second") });
  const second = await next(/failed: 2 tests, 1 failed, 2 files/);
  expect(second).toMatch(/have: second second/);
  made.write({ "functions/public/titles.sql": "create function public.titles() returns text language sql retur 1;\n" });
  expect(await next(/error SQL_ERROR/)).toContain("functions/public/titles.sql:1");
  made.write({ "functions/public/titles.sql": titles("first") });
  await next(/passed: 2 tests, 2 files/);

  made.write({
    "migrations/0002_more.sql":
      "-- Up Migration\ninsert into public.books values (7);\n-- Down Migration\ndelete from public.books where id = 7;\n",
  });
  expect(await next(/failed: 2 tests, 1 failed, 2 files/)).toMatch(/have: 2/);
  // A migration that was applied is built anew: a deployment would refuse it.
  made.write({ "migrations/0002_more.sql": "-- Up Migration\nselect 1;\n-- Down Migration\nselect 1;\n" });
  await next(/passed: 2 tests, 2 files/);
  made.write({ "migrations/0001_books.sql": FILES["migrations/0001_books.sql"].replace("id int", "id bigint") });
  await next(/passed: 2 tests, 2 files/);
  expect(await end()).toMatchObject({ code: 130 });
  expect(await leftBehind(made)).toEqual([]);
});
