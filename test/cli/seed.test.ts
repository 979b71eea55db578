import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { type CliProject, cliProject, readEnv } from "./run-cli.ts";

const MIGRATION =
  "-- Up Migration\ncreate table public.things (id bigint generated always as identity primary key, what text);\n" +
  "create index things_what_idx on public.things (what);\n-- Down Migration\ndrop table public.things;\n";

/** Says on stderr that rows are on their way, and then never ends. */
const ENDLESS = `exports.seed = () => ({ tables: [{ table: "public.things", columns: ["what"], rows: (function* () {
  for (let i = 0; ; i += 1) { if (i === 20_000) process.stderr.write("under way\\n"); yield ["thing " + i]; }
})() }] });`;

async function query(project: CliProject, sql: string): Promise<unknown[]> {
  const { DATABASE_URL } = await readEnv(project);
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test("interrupted or killed in the middle, a seed leaves nothing, and can be loaded right away", async () => {
  const project = cliProject("empty");
  project.write({
    "migrations/0001_things.sql": MIGRATION,
    "seeds/endless.js": ENDLESS,
    "seeds/small.js":
      'exports.seed = () => ({ tables: [{ table: "public.things", columns: ["what"], rows: [["a"]] }], accounts: [{ user: "u", password: "p" }] });',
  });
  expect(await project.run(["up"])).toMatchObject({ code: 0 });
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const { child, done } = project.start(["seed", "endless"]);
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: string) => {
        if (String(text).includes("under way")) resolve();
      });
    });
    child.kill(signal);
    const { code, stderr } = await done;
    if (signal === "SIGINT") {
      expect(code).toBe(130);
      expect(stderr).toContain("INTERRUPTED");
    }
    // PostgreSQL notices a killed client when it next reads from it.
    while ((await query(project, "select from pg_stat_activity where application_name = 'tm-db'")).length > 0)
      await sleep(50);
    expect(await query(project, "select from public.things")).toEqual([]);
    expect(await query(project, "select indexname from pg_indexes where tablename = 'things'")).toHaveLength(2);
  }
  const small = await project.run(["seed", "small"]);
  expect(small).toMatchObject({ code: 0, stderr: "" });
  expect(small.stdout).toMatch(/public\.things {2}1 row /);
  expect(small.stdout).toContain("made after the load: 1 index ");
  expect(small.stdout).toContain("  user  password\n  u     p\n");
});

test("what a seed asks and refuses is said on stderr, with the next command to type", async () => {
  const project = cliProject("reference");
  const first = await project.run(["up"]);
  expect(first.stdout).toMatch(/alice@example\.com +correct horse battery +viewer of Bicycle workshop/);
  const refused = await project.run(["seed", "staging", "--scale", "0.02"]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("api.users is not empty");
  expect(refused.stderr).toContain("npx tm-db seed staging --scale 0.02 --add");
  const nobodyToAsk = await project.run(["seed", "staging", "--scale", "0.02", "--truncate"]);
  expect(nobodyToAsk).toMatchObject({ code: 2 });
  expect(nobodyToAsk.stderr).toContain("This removes every row of api.users");
  expect(await query(project, "select count(*)::int from api.users")).toEqual([{ count: 6 }]);
  const json = await project.run(["seed", "staging", "--scale", "0.02", "--truncate", "--yes", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    command: "seed",
    path: "seeds/staging.ts",
    analyzed: true,
    accounts: [{ email: "in-none.1@example.com", password: "correct horse battery" }, {}, {}, {}],
  });
  const unknown = await project.run(["seed", "nothing"]);
  expect(unknown).toMatchObject({ code: 2 });
  expect(unknown.stderr).toContain("it holds dev, staging");
  const wrong = await project.run(["seed", "staging", "--scale", "-1"]);
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.stderr).toContain("must be a number above 0");
});

test("refresh --watch goes on until Ctrl-C", async () => {
  const project = cliProject("reference");
  await project.run(["up"]);
  const { child, done } = project.start(["refresh", "--watch", "--every", "50ms"]);
  let lines = 0;
  let isAsked = false;
  child.stderr?.on("data", (text: string) => {
    lines += String(text).split("refreshed 1 in").length - 1;
    if (lines < 2 || isAsked) return;
    // Once: a second one could meet Node at its very end, when nobody listens any more.
    isAsked = true;
    child.kill("SIGINT");
  });
  const { code, stderr } = await done;
  expect(code).toBe(130);
  expect(stderr).toMatch(/refreshed 1 in [\d.]+ ms; api\.refresh_project_stats: 0\n/);
});
