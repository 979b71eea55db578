import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { type CliProject, cliProject, type CliRun, readEnv, REPOSITORY } from "./run-cli.ts";

function referenceProject(): CliProject {
  const project = cliProject("reference");
  cpSync(join(REPOSITORY, "test/policies"), join(project.dir, "test/policies"), { recursive: true });
  return project;
}

/** Policies that let whoever has no token look at tasks, and nobody delete comments. */
function tampered(project: CliProject): Record<string, string> {
  const read = (path: string): string => readFileSync(join(project.dir, path), "utf8");
  const comments = read("policies/api/comments.sql");
  return {
    "policies/api/tasks.sql": `${read("policies/api/tasks.sql")}
grant select (title) on api.tasks to api_anonymous;
create policy select_all on api.tasks
  for select
  to api_anonymous
  using (true);
`,
    "policies/api/comments.sql": comments.slice(0, comments.indexOf("create policy delete_author_or_admin")),
  };
}

async function databasesOf(project: CliProject): Promise<string[]> {
  const { DATABASE_URL: uri = "" } = await readEnv(project);
  const client = new pg.Client({ connectionString: uri });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      String.raw`select datname as name from pg_database where datname like 'tm\_db\_test\_%' order by 1`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

describe("tm-db matrix", () => {
  test("says what opened and closed since the committed one, and writes it anew when it is told to", async () => {
    const project = referenceProject();
    await project.run(["up"]);
    const check = async (...more: string[]): Promise<CliRun> =>
      await project.run(["matrix", "--check", "--quiet", ...more]);
    const holds = await check();
    expect([holds.code, holds.stderr]).toEqual([0, ""]);
    expect(holds.stdout).toMatch(/^the committed matrix holds: \d+ cells \(11 people, /);

    project.write(tampered(project));
    const { code, stdout } = await check();
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    expect(lines[0]).toBe("opened anonymous can now SELECT api.tasks: no privilege → other 3/3");
    expect(lines.slice(1, 3).map((line) => line.trim())).toEqual([
      expect.stringMatching(/^at policies\/api\/tasks\.sql:\d+:1 grant select to api_anonymous$/),
      expect.stringMatching(/^at policies\/api\/tasks\.sql:\d+:1 policy select_all$/),
    ]);
    expect(lines.filter((line) => line.startsWith("opened")).length).toBe(1);
    expect(stdout).toContain(
      "closed Adam and Olga can no longer DELETE api.comments: shared 2/2, other 0/1 → shared 0/2, other 0/1",
    );
    expect(stdout).toContain("not up to date: test/policies/access.matrix.md");
    // Nothing was written, neither to the files nor to the database that people use.
    const committed = readFileSync(join(project.dir, "test/policies/access.matrix.json"), "utf8");
    expect(committed).toBe(readFileSync(join(REPOSITORY, "test/policies/access.matrix.json"), "utf8"));
    expect((await project.run(["status", "--json"])).stdout).toContain('"upToDate": false');

    const github = await check("--format", "github");
    expect([github.code, github.stdout.split("\n")[0]]).toEqual([
      1,
      expect.stringMatching(
        /^::error file=policies\/api\/tasks\.sql,line=\d+,col=1,title=opened::anonymous can now SELECT api\.tasks: /,
      ),
    ]);
    expect(github.stdout).toMatch(/^::warning file=policies\/api\/comments\.sql,line=\d+,col=\d+,title=closed::/m);

    const json = await check("--json");
    const result = JSON.parse(json.stdout) as { ok: boolean; holds: boolean; changes: { kind: string }[] };
    expect([json.code, result.ok, result.holds, result.changes[0]?.kind]).toEqual([1, true, false, "opened"]);

    const written = await project.run(["matrix", "--html", "matrix.html"]);
    expect([written.code, written.stdout.includes("wrote test/policies/access.matrix.md")]).toEqual([0, true]);
    expect(readFileSync(join(project.dir, "matrix.html"), "utf8")).toContain("<title>Who may do what</title>");
    expect((await check()).code).toBe(0);
  });

  test("leaves nothing behind when it is interrupted, and writes nothing", async () => {
    const project = referenceProject();
    rmSync(join(project.dir, "test/policies/access.matrix.json"));
    project.write({
      "test/policies/_slow.sql":
        "create function api.slow() returns void language sql volatile begin atomic select pg_sleep(60); end;\ngrant execute on function api.slow() to api_user;\n",
    });
    await project.run(["up"]);
    const { child, done } = project.start(["matrix"]);
    const slow = await waitForSleep(project);
    child.kill("SIGINT");
    const { code, stderr } = await done;
    expect([slow, code]).toEqual([true, 130]);
    expect(stderr).toContain("INTERRUPTED");
    expect(
      (await databasesOf(project)).filter((name) => !/^tm_db_test_[0-9a-f]{12}_[0-9a-f]{16}(_s)?$/.test(name)),
    ).toEqual([]);
    expect(existsSync(join(project.dir, "test/policies/access.matrix.json"))).toBe(false);
  });

  test("says what it cannot do", async () => {
    const project = referenceProject();
    project.write({ "test/policies/access.matrix.json": "<<<<<<< ours\n" });
    const conflict = await project.run(["matrix", "--check"]);
    expect([conflict.code, conflict.stderr]).toEqual([2, expect.stringContaining("npx tm-db matrix writes it anew")]);
    const page = await project.run(["matrix", "--html", "no/such/folder/matrix.html"]);
    expect([page.code, page.stderr]).toEqual([2, expect.stringContaining("FILE_UNWRITABLE")]);
    // Root writes anywhere, so somebody else looks.
    if (process.getuid?.() === 0) return;
    rmSync(join(project.dir, "test/policies/access.matrix.md"));
    chmodSync(join(project.dir, "test/policies"), 0o555);
    const readOnly = await project.run(["matrix"]);
    chmodSync(join(project.dir, "test/policies"), 0o755);
    expect([readOnly.code, readOnly.stderr]).toEqual([2, expect.stringContaining("npx tm-db matrix --check")]);
    expect(readdirSync(join(project.dir, "test/policies"))).not.toContain("access.matrix.md");
  });
});

/** Whether somebody sleeps on the server, before long. */
async function waitForSleep(project: CliProject): Promise<boolean> {
  const { DATABASE_URL: uri = "" } = await readEnv(project);
  const client = new pg.Client({ connectionString: uri });
  await client.connect();
  try {
    for (let tries = 0; tries < 600; tries += 1) {
      const { rowCount } = await client.query("select from pg_stat_activity where wait_event = 'PgSleep'");
      if ((rowCount ?? 0) > 0) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  } finally {
    await client.end();
  }
}
