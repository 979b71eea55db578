import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { type PolicyTest, policyTest } from "../../src/testing.ts";
import { outputOf, usePolicyTests } from "../support/policy-tests.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

const server = inject("server");
const databaseUrl = connectionUrl(server.owner);
const page = readFileSync(join(REPOSITORY, "docs/testing.md"), "utf8");

/** The example in docs/testing.md that is written in this language and begins with these words. */
function example(language: string, beginning: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const found = blocks.find(([, name, text = ""]) => name === language && text.startsWith(beginning));
  if (found?.[2] === undefined) throw new Error(`docs/testing.md has no ${language} example: ${beginning}`);
  return found[2];
}

// The engine is tested on one version.
describe("the examples of docs/testing.md:", () => {
  const db = useReferenceDatabase();
  const client = usePolicyTests(db);
  let project = "";

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "tm-db-testing-"));
    for (const name of ["migrations", "functions", "views", "policies"])
      symlinkSync(join(REPOSITORY, name), join(project, name));
    mkdirSync(join(project, "test"));
    symlinkSync(join(REPOSITORY, "test/policies"), join(project, "test/policies"));
    cpSync(join(REPOSITORY, "tm-db.config.json"), join(project, "tm-db.config.json"));
    mkdirSync(join(project, "node_modules"));
    symlinkSync(REPOSITORY, join(project, "node_modules/tm-db"));
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  test("the first test passes", async () => {
    const lines = await outputOf(client(), example("sql", "begin;"));
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["ok 1", "ok 2", "ok 3", "ok 4", "1..4"]);
  });

  test("and fails when the policy lets everybody in", async () => {
    const broken = example("sql", "begin;").replace(
      "begin;",
      "begin; alter policy select_member on api.projects using (true);",
    );
    const failed = (await outputOf(client(), broken)).filter((line) => line.startsWith("not ok"));
    expect(failed).toEqual(["not ok 3 - who is in no project sees none"]);
  });

  test("the users of another project", async () => {
    const lines = await outputOf(
      client(),
      `begin; drop function tests.new_user(text); create table auth.users (id uuid, email text); create table public.notes (owner uuid, note text);
       ${example("sql", "create function tests.new_user")}
       select u.email from public.notes as n join auth.users as u on u.id = n.owner; rollback`,
    );
    expect(lines).toEqual(["ada@example.com"]);
  });

  test("a cell of a table of rights", async () => {
    const lines = await outputOf(client(), `begin; select no_plan(); ${example("sql", "select tests.only(")} rollback`);
    expect(lines.every((line) => line.startsWith("ok "))).toBe(true);
    expect(lines).toHaveLength(10);
  });

  test("TypeScript, under node:test, in a project that has tm-db installed", async () => {
    writeFileSync(join(project, "first.test.js"), example("js", 'import { after, test } from "node:test"'));
    const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", "first.test.js"], {
      cwd: project,
      env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl },
    });
    expect(stdout).toContain("ok 1 - a viewer sees the project and cannot rename it");
    expect(stdout).toContain("# pass 1");
    const clones = await db.rows("select datname from pg_database where datname ~ '^tm_db_test_.*_.*_.*_\\d+$'");
    expect(clones).toEqual([]);
  });
});

describe("policyTest", () => {
  const run = policyTest({ afterAll, projectDir: REPOSITORY, databaseUrl });
  const APOLLO = { text: "select name from api.projects where name = $1", values: ["Apollo"] };

  test(
    "has an expectation for each way that an attempt ends",
    run(async ({ asUser, asAnonymous, asRole }) => {
      const vera = asUser("Vera");
      await vera.expectRows(APOLLO);
      await vera.expectRows(APOLLO, 1);
      await vera.expectFiltered("delete from api.projects where name = 'Apollo'");
      await vera.expectDenied("delete from api.users");
      await vera.expectRefused("insert into api.tasks (title, project_id) values ('x', tests.project('Apollo'))");
      await vera.expectStatus("select api.assign_task(0, 0)", 404);
      await asUser("Stella").expectNoRows(APOLLO);
      await asUser("Olga").expectAllowed("delete from api.projects where name = 'Apollo'", 1);
      await asAnonymous().expectStatus("select * from api.projects", 401);
      await asRole("api_user").expectNoRows(APOLLO);
    }),
  );

  test.each<[string, (test: PolicyTest) => Promise<void>, string]>([
    ["expectRows", ({ asUser }) => asUser("Vera").expectRows(APOLLO, 2), "should see 2 rows"],
    ["expectNoRows", ({ asUser }) => asUser("Vera").expectNoRows(APOLLO), "should see no row"],
    ["expectAllowed", ({ asUser }) => asUser("Vera").expectAllowed("delete from api.tasks"), "should be let"],
    ["expectFiltered", ({ asUser }) => asUser("Omar").expectFiltered("delete from api.tasks"), "should change no row"],
    ["expectDenied", ({ asUser }) => asUser("Omar").expectDenied("delete from api.tasks"), "should lack a privilege"],
    ["expectRefused", ({ asUser }) => asUser("Omar").expectRefused("delete from api.tasks"), "should be refused"],
    [
      "expectStatus",
      ({ asUser }) => asUser("Omar").expectStatus("delete from api.tasks", 403),
      "should be answered HTTP 403",
    ],
  ])("%s fails with a message that says who and what", async (_, body, message) => {
    const failure = run(body)();
    await expect(failure).rejects.toMatchObject({
      name: "PolicyTestFailure",
      message: expect.stringContaining(message),
    });
    await expect(failure).rejects.toThrow(/\(role api_user\).*\nstatement: /s);
    await expect(failure).rejects.toMatchObject({ stack: expect.stringMatching(/^ +at .*testing\.test\.ts/m) });
  });

  test("rolls everything back, also when the test fails or waits for nothing", async () => {
    const count = "select count(*)::integer as n from api.projects";
    await run(async ({ query, asUser }) => {
      await query("delete from api.comments");
      await asUser("Stella").query("insert into api.projects (name) values ('Mine')");
      expect(await query<{ n: number }>(count)).toEqual([{ n: 4 }]);
      expect(await asUser("Stella").query<{ name: string }>("select name from api.projects")).toEqual([
        { name: "Mine" },
      ]);
    })();
    await expect(
      run(async ({ asUser }) => {
        await asUser("Stella").query("insert into api.projects (name) values ('Mine')");
        throw new Error("changed my mind");
      })(),
    ).rejects.toThrow("changed my mind");
    await run(({ query }) => {
      void query("delete from api.comments");
      return Promise.resolve();
    })();
    await run(async ({ query }) => {
      expect(await query<{ n: number }>(count)).toEqual([{ n: 3 }]);
      expect(await query("select from api.comments")).toHaveLength(3);
    })();
  });

  test(
    "goes on after an error of PostgreSQL, as whoever asks next",
    run(async ({ asUser, query }) => {
      await expect(asUser("Vera").query("delete from api.users")).rejects.toMatchObject({ code: "42501" });
      await expect(query("select 1 / 0")).rejects.toMatchObject({ code: "22012" });
      expect(await query("select current_user as me")).toEqual([{ me: "tm_db" }]);
    }),
  );

  test(
    "runs steps one after the other, even when they are begun at once",
    run(async ({ asUser, asAnonymous }) => {
      await Promise.all([
        asUser("Vera").expectRows(APOLLO, 1),
        asAnonymous().expectDenied(APOLLO),
        asUser("Stella").expectNoRows(APOLLO),
      ]);
    }),
  );

  test("runs tests of a file one after the other, even when they are begun at once", async () => {
    const seen: number[] = [];
    const body = run(async ({ asUser, query }) => {
      await asUser("Stella").query("insert into api.projects (name) values ('Mine')");
      seen.push((await query("select from api.projects where name = 'Mine'")).length);
    });
    await Promise.all([body(), body(), body()]);
    expect(seen).toEqual([1, 1, 1]);
  });

  test("says what is wrong with a name or a value", async () => {
    await expect(run(({ asUser }) => asUser("Vea").expectRows(APOLLO))()).rejects.toThrow("there is no user Vea");
    await expect(run(({ asUser }) => asUser("Vera").expectRows({ ...APOLLO, values: [] }))()).rejects.toThrow(
      "$1 has no value",
    );
  });

  test("says what is wrong with the project, and leaves nothing open", async () => {
    const ends: (() => Promise<void>)[] = [];
    const elsewhere = policyTest({
      afterAll: (close) => ends.push(close),
      projectDir: REPOSITORY,
      configFile: "missing.json",
      databaseUrl,
    });
    await expect(elsewhere(() => Promise.resolve())()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    for (const end of ends) await end();
  });
});
