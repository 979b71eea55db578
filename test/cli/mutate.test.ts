import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MutateResult } from "../../src/core/command-result.ts";
import { type CliProject, cliProject, leftBehind } from "./run-cli.ts";

const FILES = {
  "tm-db.config.json":
    '{ "exposedSchemas": ["api"], "roles": { "authenticator": "mutate_login", "anonymous": "mutate_anonymous" } }\n',
  "migrations/0001_notes.sql": `-- Up Migration
do $$
begin
  create role mutate_anonymous nologin;
  create role mutate_user nologin;
  create role mutate_login login noinherit;
  grant mutate_anonymous, mutate_user to mutate_login;
exception
  -- Roles belong to the whole server, and each template is another database of it.
  when duplicate_object then
    null;
end
$$;
create schema api;
grant usage on schema api to mutate_user;
create table api.notes (id integer primary key, owner text not null, note text);
-- Down Migration
drop schema api cascade;
`,
  "policies/api/notes.sql": `alter table api.notes enable row level security;
grant select on api.notes to mutate_user;
create policy select_own on api.notes
  for select
  to mutate_user
  using (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
`,
  "test/policies/_people.sql": `select tests.define_user('Ada', '{"role": "mutate_user", "sub": "ada"}');
select tests.define_user('Bob', '{"role": "mutate_user", "sub": "bob"}');
insert into api.notes (id, owner, note) values (1, 'ada', 'hers'), (2, 'bob', 'his');
`,
  "test/policies/notes.sql": `begin;
select no_plan();
select tests.only('{Ada}', 'select * from api.notes where id = 1', 'sees_nothing', 'see the note of Ada');
select * from finish();
rollback;
`,
};

function project(files: Readonly<Record<string, string>> = {}): CliProject {
  const made = cliProject("empty");
  made.write({ ...FILES, ...files });
  return made;
}

async function mutate(
  made: CliProject,
  ...args: readonly string[]
): Promise<MutateResult & { readonly code: number | null }> {
  const { code, stdout } = await made.run(["mutate", "--json", ...args]);
  return { code, ...(JSON.parse(stdout) as MutateResult) };
}

const survivors = ({ mutants }: MutateResult): string[] =>
  mutants.filter(({ verdict }) => verdict.kind === "survived").map(({ id }) => id);

test("a gap in the tests is found, with where and how to close it; closing it makes the score", async () => {
  const made = project();
  const found = await mutate(made, "--html", "page.html");
  expect(found).toMatchObject({ code: 1, passed: false });
  const privilege = "widen-grant: privileges of mutate_user on api.notes: grant delete on api.notes to mutate_user";
  expect(survivors(found)).toContain(privilege);
  // What the test does say is noticed, and by it.
  // Every database has that grant, and nothing here is in the schema.
  expect(found.mutants.map(({ id }) => id).filter((id) => id.includes("schema public"))).toEqual([]);
  const opened = found.mutants.find(({ operator }) => operator === "open-policy");
  expect(opened).toMatchObject({
    subject: "policy select_own on api.notes",
    location: { file: "policies/api/notes.sql", line: 3, column: 1 },
    verdict: {
      kind: "killed",
      by: { path: "test/policies/notes.sql", line: 3, title: "Bob may not see the note of Ada" },
    },
  });
  expect(readFileSync(join(made.dir, "page.html"), "utf8")).toContain("grant delete on api.notes to mutate_user");

  const { stdout, code } = await made.run(["mutate", "--only", "grant delete on api.notes to mutate_user"]);
  expect(code).toBe(1);
  expect(stdout).toContain(
    "not noticed  privileges of mutate_user on api.notes  widen-grant\n  at policies/api/notes.sql:1:1\n",
  );
  expect(stdout).toContain("  + grant delete on api.notes to mutate_user\n");
  expect(stdout).toContain("select tests.denies($$ delete from api.notes where <the row> $$");

  made.write({
    "test/policies/more.sql": `begin;
select no_plan();
select tests.as_user('Ada');
select tests.denies('delete from api.notes', 'nobody deletes a note');
select * from finish();
rollback;
`,
  });
  const closed = await mutate(made, "--only", "grant delete on api.notes to mutate_user");
  expect(closed).toMatchObject({ code: 0, score: 100, counts: { killed: 1, survived: 0 } });

  // The rest, explained: an entry that holds counts, one that does not is said to be stale.
  const reasons = survivors(await mutate(made)).map((mutant) => ({ mutant, reason: "not for this test" }));
  const stale = [
    { mutant: privilege, reason: "was true once" },
    { mutant: "drop-policy: nothing", reason: "nor was this" },
  ];
  made.write({ "test/policies/equivalent-mutants.json": JSON.stringify([...reasons, ...stale]) });
  const listed = await mutate(made);
  const toldApart = listed.stale.filter(({ why }) => why === "told-apart").map(({ mutant }) => mutant);
  expect(listed.stale.filter(({ why }) => why !== "told-apart")).toEqual([
    { mutant: privilege, why: "killed" },
    { mutant: "drop-policy: nothing", why: "gone" },
  ]);
  expect(survivors(listed)).toEqual(toldApart);
  expect(listed.counts.equivalent).toBe(reasons.length - toldApart.length);
  expect(listed.code).toBe(1);
  expect(await leftBehind(made)).toEqual([]);
});

test("what a policy says of itself is told apart by nobody, can be explained, and is noticed by the very test that is proposed", async () => {
  const made = project();
  const only = ["--only", "^widen-policy"];
  const found = await mutate(made, ...only);
  expect(found.mutants.map(({ operator, verdict }) => [operator, verdict])).toEqual([
    ["widen-policy-command", { kind: "survived", toldApart: false }],
    ["widen-policy-roles", { kind: "survived", toldApart: false }],
  ]);
  const reasons = found.mutants.map(({ id }) => ({ mutant: id, reason: "nobody else has the privilege" }));
  made.write({ "test/policies/equivalent-mutants.json": JSON.stringify(reasons) });
  expect(await mutate(made, ...only)).toMatchObject({ code: 0, counts: { equivalent: 2 }, stale: [] });
  const proposed = found.mutants.map(({ skeleton }, index): [string, string] => [
    `test/policies/new_${index}.sql`,
    skeleton ?? "",
  ]);
  made.write({ "test/policies/equivalent-mutants.json": "[]", ...Object.fromEntries(proposed) });
  expect(await mutate(made, ...only)).toMatchObject({ code: 0, counts: { killed: 2 } });
});

test("--min-score, --since, and what cannot run", async () => {
  const made = project();
  expect(await mutate(made, "--only", "select_own|delete", "--min-score", "50")).toMatchObject({
    code: 0,
    passed: true,
  });

  expect(await made.run(["mutate", "--since", "HEAD"])).toMatchObject({ code: 2 });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.com", ...args], { cwd: made.dir });
  git("init", "-q");
  git("add", "migrations", "policies", "test", "tm-db.config.json");
  git("commit", "-qm", "first");
  const unknown = await made.run(["mutate", "--since", "no-such-branch"]);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("--since no-such-branch: git knows no such commit, branch or tag here");
  expect(await made.run(["mutate", "--since", "--output=x"])).toMatchObject({ code: 2 });
  expect(existsSync(join(made.dir, "x"))).toBe(false);
  const nothing = await mutate(made, "--since", "HEAD");
  expect(nothing).toMatchObject({ code: 0, mutants: [], score: null });
  // Nothing changed is an answer; a pattern that finds nothing is a misspelt one.
  const misspelt = await made.run(["mutate", "--only", "api.nots"]);
  expect(misspelt.code).toBe(2);
  expect(misspelt.stderr).toContain("--only api.nots finds none of the");
  made.write({ "policies/api/notes.sql": `${FILES["policies/api/notes.sql"]}-- changed\n` });
  const since = await mutate(made, "--since", "HEAD");
  expect(since.mutants.length).toBeGreaterThan(5);
  expect(new Set(since.mutants.map(({ location }) => location?.file))).toEqual(new Set(["policies/api/notes.sql"]));

  made.write({
    "test/policies/broken.sql":
      "begin;\nselect plan(1);\nselect ok(false, 'the sky is green');\nselect * from finish();\nrollback;\n",
  });
  const red = await made.run(["mutate"]);
  expect(red.code).toBe(2);
  expect(red.stderr).toContain("test/policies/broken.sql fails without any damage");
  expect(red.stderr).toContain("not ok 1 the sky is green");
  expect(red.stderr).toContain("npx tm-db test test/policies/broken.sql");

  const bare = cliProject("empty");
  bare.write({ "migrations/0001_notes.sql": FILES["migrations/0001_notes.sql"] });
  const none = await bare.run(["mutate"]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("holds no test, so nothing would be noticed");
});

test("Ctrl-C leaves no database, and the next run goes on from there; a damage that never ends is noticed by time", async () => {
  const made = project({
    // Each damage waits a little, so that there is a middle to stop in.
    "test/policies/slow.sql":
      "begin;\nselect plan(1);\nselect ok(pg_sleep(0.2) is not null);\nselect * from finish();\nrollback;\n",
  });
  await made.run(["up"]);
  const { child, done } = made.start(["mutate", "--jobs", "1", "--only", "policy|."]);
  const folder = join(made.dir, ".tm-db", "mutate");
  const tried = (): number =>
    existsSync(folder)
      ? readdirSync(folder).flatMap((name) =>
          readFileSync(join(folder, name), "utf8").trim().split("\n").filter(Boolean),
        ).length
      : 0;
  await expect.poll(tried, { timeout: 60_000 }).toBeGreaterThan(3);
  child.kill("SIGINT");
  const stopped = await done;
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(/interrupted: \d+ of \d+ damages were tried, and the next run goes on from there/);
  expect(stopped.stderr).toContain("hint go on: npx tm-db mutate --only 'policy|.'\n");
  expect(await leftBehind(made)).toEqual([]);

  const before = tried();
  const rest = await mutate(made);
  expect(rest.resumed).toBe(before);
  expect(
    rest.mutants.every(
      ({ verdict }) => verdict.kind === "killed" || verdict.kind === "survived" || verdict.kind === "invalid",
    ),
  ).toBe(true);
  expect(existsSync(folder)).toBe(false);
  expect(await leftBehind(made)).toEqual([]);

  made.write({
    "test/policies/slow.sql":
      "begin;\nselect plan(1);\nselect ok(case when has_table_privilege('mutate_user', 'api.notes', 'delete') then pg_sleep(60) is not null else true end);\nselect * from finish();\nrollback;\n",
  });
  const timed = await mutate(
    made,
    "--only",
    "grant delete on api.notes to mutate_user|open-policy",
    "--timeout",
    "500",
  );
  expect(timed.mutants.map(({ operator, verdict }) => [operator, verdict.kind])).toEqual([
    ["open-policy", "killed"],
    ["widen-grant", "timed-out"],
  ]);
  expect(timed.code).toBe(0);
});
