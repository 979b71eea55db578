import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { parseConfigurator } from "../support/configurator.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { type CliProject, type CliRun, cliProject, REPOSITORY } from "./run-cli.ts";

const STAND_IN = join(REPOSITORY, "test/support/postgrest-stand-in.mjs");
const ALICE = ["--user", "alice@example.com"];

async function referenceProject(): Promise<CliProject> {
  const project = cliProject("reference");
  expect(await project.run(["up"])).toMatchObject({ code: 0 });
  return project;
}

async function token(project: CliProject, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.run(["token", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return stdout.trim();
}

async function ask(port: number, path: string, bearer?: string): Promise<{ status: number; body: never }> {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as never };
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2400; tries += 1) {
    if (await what()) return;
    await sleep(25);
  }
  throw new Error(`it did not happen: ${what.toString()}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface Running {
  readonly port: number;
  readonly done: Promise<CliRun>;
  readonly signal: (name: NodeJS.Signals) => void;
}

async function runPostgrest(project: CliProject, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const port = await findFreePorts(2);
  const args = ["postgrest", "run", "--bin", STAND_IN, "--port", String(port)];
  const { child, done } = project.start(args, { env });
  let log = "";
  child.stderr?.on("data", (text: string) => (log += text));
  await Promise.race([
    until(() => log.includes("PostgREST is ready")),
    done.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  return { port, done, signal: (name) => void child.kill(name) };
}

test("run: is ready when it says so, serves tokens, hides its secrets, and ends with Ctrl-C", async () => {
  const project = await referenceProject();
  const env = { DATABASE_URL: "", TM_DB_JWT_SECRET: "", PGRST_LOG_LEVEL: "info" };
  const { port, done, signal } = await runPostgrest(project, env);
  const issued = await token(project, ...ALICE);
  expect(await ask(port, "/claims", issued)).toMatchObject({ status: 200, body: { role: "api_user", user_id: 1 } });
  expect(await ask(port, "/claims", `${issued.slice(0, -4)}AAAA`)).toMatchObject({ status: 401 });

  const { body } = await ask(port, "/process");
  const { pid, argv, env: seen } = body as { pid: number; argv: string[]; env: Record<string, string> };
  const secret = seen["PGRST_JWT_SECRET"] ?? "";
  expect(secret.length).toBeGreaterThan(40);
  expect(argv.join(" ")).not.toContain(secret);
  expect(Object.keys(seen).filter((name) => /^(TM_DB_|DATABASE_URL)/.test(name))).toEqual([]);
  expect(seen).toMatchObject({
    PGRST_LOG_LEVEL: "info",
    PGRST_DB_SCHEMAS: "api",
    PGRST_DB_PRE_REQUEST: "auth.pre_request",
  });

  signal("SIGINT");
  const { code, stdout, stderr } = await done;
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(stderr).toContain(`stand-in: Listening on port ${port}`);
  expect(stderr).toContain("INTERRUPTED PostgREST was stopped");
  expect(stderr).not.toContain(secret);
  expect(isAlive(pid)).toBe(false);

  // What cannot work says so, and leaves nothing behind.
  const wrong = async (args: string[], mode = ""): Promise<CliRun> => {
    const free = String(await findFreePorts(2));
    return await project.run(["postgrest", "run", "--port", free, ...args], {
      env: { STAND_IN: mode, PATH: process.env["PATH"] ?? "" },
    });
  };
  const failing = await Promise.all([
    wrong(["--bin", STAND_IN], "fails to start"),
    wrong(["--bin", STAND_IN, "--ready-timeout", "1s"], "is never ready"),
    wrong([]),
    wrong(["--bin", "./no-such-program"]),
  ]);
  const words = [
    "ended by itself before it was ready, with exit code 1",
    "not ready after 1 s",
    "POSTGREST_MISSING",
    "POSTGREST_MISSING",
  ];
  for (const [at, run] of failing.entries())
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(words[at] ?? "?") });
  expect(failing[0]?.stderr).toContain("stand-in: FatalError");
  expect(failing[2]?.stderr).toContain("https://github.com/PostgREST/postgrest/releases");
});

test("run: says when PostgREST ends by itself, ends it on SIGTERM, on SIGKILL and on a second Ctrl-C, and takes no other's port", async () => {
  const project = await referenceProject();
  const dying = await runPostgrest(project);
  await ask(dying.port, "/die").catch(() => undefined);
  expect(await dying.done).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("by itself while it ran, with exit code 3"),
  });

  const asked = await runPostgrest(project);
  const { pid } = (await ask(asked.port, "/process")).body as { pid: number };
  asked.signal("SIGTERM");
  expect((await asked.done).code).toBe(130);
  expect(isAlive(pid)).toBe(false);

  const killed = await runPostgrest(project);
  const { pid: orphan } = (await ask(killed.port, "/process")).body as { pid: number };
  onTestFinished(() => {
    if (isAlive(orphan)) process.kill(orphan, "SIGKILL");
  });
  killed.signal("SIGKILL");
  if (process.platform === "linux") await until(() => !isAlive(orphan));

  const deaf = await runPostgrest(project, { STAND_IN: "is deaf" });
  const { pid: deafPid } = (await ask(deaf.port, "/process")).body as { pid: number };
  onTestFinished(() => {
    if (isAlive(deafPid)) process.kill(deafPid, "SIGKILL");
  });
  deaf.signal("SIGINT");
  await sleep(200);
  deaf.signal("SIGINT");
  expect((await deaf.done).code).toBe(130);
  await until(() => !isAlive(deafPid));

  const port = await findFreePorts(2);
  const other = createServer().listen(port + 1, "127.0.0.1");
  onTestFinished(() => void other.close());
  await until(() => other.listening);
  const run = await project.run(["postgrest", "run", "--bin", STAND_IN, "--port", String(port)]);
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(`port ${port + 1} of this machine is taken`) });
});

test("an exchange of the secret refuses no token that is valid, and ends with the old one refused", async () => {
  const project = await referenceProject();
  const config = JSON.parse(readFileSync(join(project.dir, "tm-db.config.json"), "utf8")) as object;
  const port = await findFreePorts(2);
  const postgrest = { "server-port": port, "admin-server-port": port + 1 };
  project.write({ "tm-db.config.json": JSON.stringify({ ...config, postgrest }) });
  const path = join(project.dir, "postgrest.conf");
  const outputs: string[] = [];
  const run = async (...args: string[]): Promise<CliRun> => {
    const done = await project.run(args);
    outputs.push(done.stdout, done.stderr);
    return done;
  };
  const secrets = new Set<string>();
  const configure = async (): Promise<void> => {
    expect(await run("postgrest", "config")).toMatchObject({ code: 0 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const secret = String(parseConfigurator(readFileSync(path, "utf8"))["jwt-secret"]);
    const keys = secret.startsWith("{") ? (JSON.parse(secret) as { keys: { k: string }[] }).keys : [];
    for (const text of keys.map(({ k }) => Buffer.from(k, "base64url").toString())) secrets.add(text);
  };
  await configure();
  const child = spawn(STAND_IN, [path], { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  await until(() => log.includes("Listening"));
  const reads = (): number => log.split("configuration read again").length - 1;
  const reconfigure = async (): Promise<void> => {
    const before = reads();
    await configure();
    await until(() => reads() > before);
  };
  const status = async (bearer: string): Promise<number> => (await ask(port, "/claims", bearer)).status;

  const old = await token(project, ...ALICE);
  expect(await status(old)).toBe(200);
  expect(await run("secret", "prepare")).toMatchObject({ code: 0 });
  expect(await run("secret", "prepare")).toMatchObject({ code: 1, stderr: expect.stringContaining("waits already") });
  expect(await status(await token(project, ...ALICE))).toBe(200);
  await reconfigure();
  expect(await run("secret", "rotate", "--grace", "1h")).toMatchObject({ code: 0 });
  const fresh = await token(project, ...ALICE);
  // Nothing was read in between: PostgREST accepts both, in either order.
  expect([await status(old), await status(fresh)]).toEqual([200, 200]);
  expect(await run("token", "decode", old)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("auth.secrets.previous_secret"),
  });
  expect(await run("token", "decode", fresh)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("auth.secrets.secret"),
  });
  await reconfigure();
  expect([await status(old), await status(fresh)]).toEqual([200, 200]);

  expect(await run("secret", "rotate")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("secret revoke --now"),
  });
  expect(await run("secret", "revoke")).toMatchObject({ code: 1, stderr: expect.stringContaining("accepted until") });
  expect(await run("secret", "revoke", "--now")).toMatchObject({ code: 0 });
  await reconfigure();
  expect([await status(old), await status(fresh)]).toEqual([401, 200]);
  expect(await run("token", "decode", old)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("another secret"),
  });
  expect(await run("secret", "revoke")).toMatchObject({ code: 0, stdout: expect.stringContaining("no secret before") });
  expect(JSON.parse((await run("secret", "status", "--json")).stdout)).toMatchObject({
    standby: false,
    previous: null,
  });

  expect(secrets.size).toBe(2);
  for (const secret of secrets) for (const output of [...outputs, log]) expect(output.includes(secret)).toBe(false);
  expect(readdirSync(project.dir).filter((name) => name.startsWith(".postgrest"))).toEqual([]);
});

test("config: writes over its own file and no other's, variables as well, and nothing without a server", async () => {
  const project = cliProject("reference");
  expect(await project.run(["postgrest", "config"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("npx tm-db up"),
  });
  expect(existsSync(join(project.dir, "postgrest.conf"))).toBe(false);
  await project.run(["up"]);
  project.write({ "mine.conf": "server-port = 80\n" });
  const refused = await project.run(["postgrest", "config", "--output", "mine.conf"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("FILE_EXISTS") });
  expect(readFileSync(join(project.dir, "mine.conf"), "utf8")).toBe("server-port = 80\n");
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await project.run(["postgrest", "config", "--json", ...args])).stdout);
  expect(await json()).toMatchObject({ ok: true, form: "file", change: "written", passwordKnown: true });
  expect(await json()).toMatchObject({ change: "unchanged" });
  expect(await json("--env")).toMatchObject({ form: "variables", path: expect.stringContaining("postgrest.env") });
  const variables = readFileSync(join(project.dir, "postgrest.env"), "utf8");
  expect(variables).toMatch(/^PGRST_DB_URI=postgres:\/\/authenticator:\S+@127\.0\.0\.1:\d+\/task_manager$/m);
  expect(await project.run(["postgrest", "config", "--reset"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("USAGE"),
  });
  expect(await json("--in-database")).toMatchObject({
    ok: false,
    error: { code: "PERMISSION_DENIED", hint: expect.stringContaining("grant set on parameter pgrst.db_schemas") },
  });
});
