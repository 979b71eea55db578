import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { type CliProject, cliProject, readEnv } from "./run-cli.ts";

/** A project with a running server, and a connection to it. */
async function running(files: Record<string, string> = {}): Promise<{ project: CliProject; client: pg.Client }> {
  const project = cliProject("empty");
  project.write(files);
  await project.run(["up"]);
  const client = new pg.Client({ connectionString: (await readEnv(project))["DATABASE_URL"] });
  client.on("error", () => undefined);
  await client.connect();
  onTestFinished(async () => await client.end().catch(() => undefined));
  return { project, client };
}

/** Starts a command; `said` resolves when both streams together match. */
function follow(project: CliProject, args: readonly string[]) {
  const { child, done } = project.start(args);
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: string) => {
      output += text;
      for (const look of waiting) look();
    });
  }
  const said = async (pattern: RegExp): Promise<RegExpExecArray> =>
    await new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output);
        if (found !== null) resolve(found);
      };
      waiting.add(look);
      look();
      void done.then(() => reject(new Error(`ended: ${output}`)));
    });
  return { child, done, said };
}

const NOTIFY = "select pg_notify($1, $2)";

test("listen prints a line for each message, safe to look at and whole, and Ctrl-C ends it with 130", async () => {
  const { project, client } = await running();
  const nasty = "one\ntwo\u001b[31m\u202e";
  const longest = "x".repeat(7_999);
  const text = follow(project, ["listen", "garden", 'Other "Channel"']);
  const json = follow(project, ["listen", "garden", "--json"]);
  await Promise.all([text.said(/listening on garden, Other "Channel"; Ctrl-C ends/), json.said(/listening on garden/)]);
  await client.query(NOTIFY, ["garden", nasty]);
  await client.query(NOTIFY, ["garden", longest]);
  await client.query(NOTIFY, ["elsewhere", "not asked for"]);
  await client.query("begin");
  await client.query(NOTIFY, ["garden", "rolled back"]);
  await client.query("rollback");
  await client.query(NOTIFY, ['Other "Channel"', ""]);
  await client.query(NOTIFY, ["garden", "last"]);
  await Promise.all([text.said(/ garden last/), json.said(/"last"/)]);
  text.child.kill("SIGINT");
  json.child.kill("SIGINT");
  const plain = await text.done;
  expect(plain).toMatchObject({ code: 130, stderr: expect.stringContaining("stopped listening; 4 messages came") });
  expect(plain.stdout.replaceAll(/^\d\d:\d\d:\d\d /gm, "").split("\n")).toEqual([
    "garden one\\u000atwo\\u001b[31m\\u202e",
    `garden ${longest}`,
    'Other "Channel" ',
    "garden last",
    "",
  ]);
  const lines = (await json.done).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ payload }) => payload)).toEqual([nasty, longest, "last", undefined]);
  expect(lines[0]).toEqual({
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    channel: "garden",
    payload: nasty,
    pid: expect.any(Number),
  });
  expect(lines.at(-1)).toMatchObject({ ok: false, error: { code: "INTERRUPTED" } });
});

test("listen survives the loss of its connection, and says that messages were missed", async () => {
  const { project, client } = await running();
  const { said, done } = follow(project, ["listen", "garden", "--count", "2"]);
  await said(/listening on garden; Ctrl-C ends/);
  await client.query(NOTIFY, ["garden", "before"]);
  await said(/garden before/);
  const cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tm-db listen'";
  expect((await client.query(cut)).rowCount).toBe(1);
  await said(/trying again in 0\.25 s/);
  await said(/listening on garden again; what was sent in between was missed/);
  await client.query(NOTIFY, ["garden", "after"]);
  const run = await done;
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/garden before\n.* garden after\n$/);
});

test("listen survives a restart of the server", async () => {
  const { project, client } = await running();
  const { said, done } = follow(project, ["listen", "garden", "--count", "1"]);
  await said(/listening on garden; Ctrl-C ends/);
  await client.end();
  await project.run(["stop"]);
  await said(/trying again/);
  await project.run(["up"]);
  await said(/listening on garden again/);
  const again = new pg.Client({ connectionString: (await readEnv(project))["DATABASE_URL"] });
  await again.connect();
  await again.query(NOTIFY, ["garden", "after"]);
  await again.end();
  expect(await done).toMatchObject({ code: 0, stdout: expect.stringContaining("garden after") });
});

test("listen without a channel, or with one that PostgreSQL would cut, says what to type", async () => {
  const { project } = await running();
  const none = await project.run(["listen"]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("npx tm-db listen <channel>") });
  expect(await project.run(["listen", "x".repeat(64)])).toMatchObject({ code: 2 });
});

const FILES = {
  "tm-db.config.json": JSON.stringify({
    roles: { anonymous: "reader" },
    realtime: { channels: { notes: { table: "api.notes" } } },
  }),
  "migrations/0001_notes.sql": `
create role authenticator login noinherit;
create role reader nologin;
grant reader to authenticator;
create schema api;
grant usage on schema api to reader;
create table api.notes (id int primary key, body text);
grant select on api.notes to reader;
-- Down Migration
drop schema api cascade;
drop role reader;
drop role authenticator;
`,
};

test("realtime serves until SIGTERM, then says goodbye; what is missing for it is said", async () => {
  const { project, client } = await running(FILES);
  const missing = await project.run(["realtime"]);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("SECRET_MISSING") });
  const secret = "a secret of this test, of thirty-two bytes or more";
  project.write({ secret });
  const token = (await project.run(["token", "--role", "reader", "--secret-file", "secret"])).stdout.trim();
  const { child, said, done } = follow(project, ["realtime", "--port", "0", "--secret-file", "secret"]);
  const [, url = ""] = await said(/serving on (\S+)/);
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  const taken = await project.run(["realtime", "--port", new URL(url).port, "--secret-file", "secret"]);
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining("--port 0") });
  const socket = new WebSocket(url, ["tm-db", `bearer.${token}`]);
  const messages: string[] = [];
  socket.on("message", (data) => messages.push((data as Buffer).toString()));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("open", () => socket.send(JSON.stringify({ type: "subscribe", channel: "notes" })));
  await expect.poll(() => messages.at(-1)).toContain("subscribed");
  await client.query("insert into api.notes values (1, 'Hello')");
  await client.query(NOTIFY, ["notes", '{"operation":"INSERT","id":1}']);
  await expect
    .poll(() => messages.at(-1))
    .toBe('{"type":"change","channel":"notes","operation":"INSERT","id":1,"record":{"id":1,"body":"Hello"}}');
  child.kill("SIGTERM");
  expect(await closed).toBe(1001);
  const run = await done;
  expect(run).toMatchObject({ code: 130, stderr: expect.stringContaining("1 socket was closed") });
  expect(run.stdout + run.stderr).not.toContain(secret);
  expect(run.stdout + run.stderr).not.toContain(token);
});
