import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withClient } from "../../src/db/client.ts";
import { type EmbeddedServer, findEmbedded } from "../../src/server/embedded.ts";
import { stateDir } from "../../src/server/state-file.ts";
import { buildProgram, run } from "./separate-process.ts";
import { isCheckoutReachable } from "../support/reachable.ts";
import { isRoot, type TemporaryProject, until, useProjects } from "./temporary-project.ts";

const projects = useProjects();
let program: string;

beforeAll(async () => {
  program = await buildProgram();
});
afterAll(() => rmSync(program, { force: true }));

function dataHome(): string {
  return isRoot ? join(projects.root(), "data") : "";
}

function command(name: "start" | "stop", project: TemporaryProject): readonly string[] {
  return [program, name, project.dir, dataHome()];
}

function parse(stdout: string): EmbeddedServer {
  return JSON.parse(stdout) as EmbeddedServer;
}

async function answers(server: EmbeddedServer): Promise<boolean> {
  return await withClient(server.connection, {}, async (client) => (await client.query("select 1")).rowCount === 1);
}

describe("the command that starts a server", () => {
  test("ends, and so does a pipeline it stands in, while the server goes on", async () => {
    const project = projects.create();
    const line = `"$0" "$@" 2>&1 >&3 3>&- | cat >&2; echo over >&2`;
    const { code, stdout, stderr } = await run("sh", [
      "-c",
      `exec 3>&1; ${line}`,
      process.execPath,
      ...command("start", project),
    ]).ended;
    expect({ code, last: stderr.trimEnd().split("\n").at(-1) }).toEqual({ code: 0, last: "over" });
    expect(await answers(parse(stdout))).toBe(true);
  });

  test("may be interrupted from the terminal afterwards, and the server goes on", async () => {
    const project = projects.create();
    // `detached` makes it the leader of a group, as a shell does with each of its jobs.
    const { child, ended } = run(process.execPath, command("start", project), {
      detached: true,
      env: { ...process.env, STAY: "1" },
    });
    let stdout = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    await until("the server is started", () => stdout.endsWith("\n"));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, signal);
    }
    expect((await ended).code).toBeNull();
    expect(await answers(parse(stdout))).toBe(true);
  });

  test("stops it again from another process", async () => {
    const project = projects.create();
    await run(process.execPath, command("start", project)).ended;
    expect(findEmbedded({ projectDir: project.dir })).toMatchObject({ running: true });
    const { stdout } = await run(process.execPath, command("stop", project)).ended;
    expect(JSON.parse(stdout)).toEqual({ wasRunning: true });
    expect(findEmbedded({ projectDir: project.dir })).toMatchObject({ running: false });
  });

  test("of several at once, one starts the server and all end with it", async () => {
    const project = projects.create();
    const results = await Promise.all([1, 2, 3].map(() => run(process.execPath, command("start", project)).ended));
    const servers = results.map(({ stdout }) => parse(stdout));
    expect(servers.map(({ started }) => started).toSorted()).toEqual([false, false, true]);
    expect(new Set(servers.map(({ connection }) => connection.port)).size).toBe(1);
    expect(results.map(({ stderr }) => stderr).join("")).toContain("waiting-for-other");
    expect(existsSync(join(stateDir(project.dir), "lock"))).toBe(false);
  });

  test.each(["creating-cluster", "starting", "database-created"])(
    "killed at %j, leaves nothing that hinders the next one",
    async (moment) => {
      const project = projects.create();
      const { child, ended } = run(process.execPath, command("start", project));
      let stderr = "";
      child.stderr?.on("data", (chunk: Buffer) => {
        stderr += chunk.toString("utf8");
        if (stderr.includes(moment)) child.kill("SIGKILL");
      });
      await until(`it is killed at ${moment}`, () => child.signalCode === "SIGKILL");
      const server = await project.start();
      expect(await answers(server)).toBe(true);
      // Closed only now: initdb, or nobody, may have had its output still.
      await ended;
      expect((await project.start()).started).toBe(false);
      expect(readdirSync(dirname(server.dataDir)).filter((name) => name.startsWith("unfinished-"))).toEqual([]);
    },
  );
});

// What every other user has by default: data inside the project, programs in the cache of one's home.
describe.skipIf(!isRoot || !isCheckoutReachable())("as a user without privileges (tried from root)", () => {
  const NOBODY = 65_534;

  test("everything lies in .tm-db and belongs to that user", async () => {
    const home = join(projects.root(), "home");
    const dir = join(projects.root(), "own project");
    for (const each of [home, dir]) {
      mkdirSync(each, { mode: 0o700 });
      chownSync(each, NOBODY, NOBODY);
    }
    const project = projects.at(dir);
    const as = { uid: NOBODY, gid: NOBODY, cwd: "/", env: { PATH: process.env["PATH"], HOME: home } };
    const first = await run(process.execPath, [program, "start", dir, ""], as).ended;
    const server = parse(first.stdout);
    expect(first.stderr).toContain("staging-binaries");
    expect(server.dataDir).toBe(join(dir, ".tm-db", "pg18"));
    expect(statSync(server.dataDir).uid).toBe(NOBODY);
    expect(existsSync(join(home, ".cache", "tm-db", "postgresql"))).toBe(true);
    expect(await answers(server)).toBe(true);

    const again = await run(process.execPath, [program, "start", dir, ""], as).ended;
    expect(parse(again.stdout)).toMatchObject({ started: false });
    const stopped = await run(process.execPath, [program, "stop", dir], as).ended;
    expect(JSON.parse(stopped.stdout)).toEqual({ wasRunning: true });

    // Root does not write where another user's links and settings may lead it.
    await expect(project.start({ dataHome: "" })).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });

  test("a home that cannot be written is no hindrance", async () => {
    const dir = join(projects.root(), "project");
    mkdirSync(dir, { mode: 0o700 });
    chownSync(dir, NOBODY, NOBODY);
    projects.at(dir);
    const as = { uid: NOBODY, gid: NOBODY, cwd: "/", env: { PATH: process.env["PATH"], HOME: "/nonexistent" } };
    const server = parse((await run(process.execPath, [program, "start", dir, ""], as).ended).stdout);
    expect(await answers(server)).toBe(true);
    expect(existsSync(join(dir, ".tm-db", "postgresql"))).toBe(true);
  });

  test("a project that cannot be written is named, with a way around", async () => {
    const dir = join(projects.root(), "project");
    mkdirSync(dir, { mode: 0o755 });
    chmodSync(dir, 0o755);
    projects.at(dir);
    const as = { uid: NOBODY, gid: NOBODY, cwd: "/", env: { PATH: process.env["PATH"], HOME: "/nonexistent" } };
    const { code, stderr } = await run(process.execPath, [program, "start", dir, ""], as).ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain("FILE_UNWRITABLE");
    expect(stderr).toContain("--database-url");
  });
});

test("a lock whose holder died is taken over", async () => {
  const project = projects.create();
  const { child } = run(process.execPath, command("start", project));
  const lock = join(stateDir(project.dir), "lock");
  await until("it holds the lock", () => existsSync(lock) && readFileSync(lock, "utf8").endsWith("}"));
  child.kill("SIGKILL");
  await until("it is gone", () => child.signalCode === "SIGKILL");
  expect(existsSync(lock)).toBe(true);
  expect(await answers(await project.start())).toBe(true);
});

test("a process that got a dead holder's number does not keep the lock", async () => {
  const project = projects.create();
  await project.start();
  const stranger = spawn("sleep", ["60"]);
  try {
    const holder = { pid: stranger.pid, started: "long ago", host: hostname(), token: "another" };
    writeFileSync(join(stateDir(project.dir), "lock"), JSON.stringify(holder));
    expect(await project.start({ database: "other" })).toMatchObject({ started: false });
  } finally {
    stranger.kill();
  }
});
