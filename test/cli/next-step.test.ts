import { execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quoteForShell } from "../../src/core/quote-for-shell.ts";
import { withClient } from "../../src/db/client.ts";
import { findEmbedded } from "../../src/server/embedded.ts";
import { type CliProject, cliProject, REPOSITORY } from "./run-cli.ts";

const TABLE =
  "-- Up Migration\ncreate table public.a (id int primary key);\n\n-- Down Migration\ndrop table public.a;\n";

/** The commands that a message advises, each as its words. */
function advised(stderr: string): string[][] {
  return [...stderr.matchAll(/npx tm-db ((?:[\w./-]+ ?)+)/g)].map(([, words = ""]) => words.trim().split(" "));
}

async function refused(project: CliProject, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await project.run(args);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/^error [A-Z0-9_]+ /);
  return stderr;
}

describe("a misspelt word", () => {
  test.each([
    [["migrat"], "hint did you mean: npx tm-db migrate\n"],
    [["secret", "rotat"], "hint did you mean: npx tm-db secret rotate\n"],
    [["up", "--jsno"], "hint did you mean --json? All options: npx tm-db up --help\n"],
    [["nothing-like-it"], "hint npx tm-db --help\n"],
    [["help", "migrat"], "hint did you mean: npx tm-db migrate\n"],
  ])("%j is answered with the right one", async (args, hint) => {
    expect(await refused(cliProject("empty"), ...args)).toContain(hint);
  });

  test("help knows the commands within commands", async () => {
    const { code, stdout } = await cliProject("empty").run(["help", "token", "decode"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: tm-db token decode");
  });
});

test.each(["audit", "doctor", "listen tasks", "rollback", "drift", "env", "refresh", "postgrest config", "status"])(
  "in a folder that is no project, %s says so, and not to start a server that would refuse",
  async (command) => {
    const project = cliProject("empty");
    const inProject = await refused(project, ...command.split(" "));
    expect(inProject).toContain("hint start it: npx tm-db up");
    rmSync(join(project.dir, "migrations"), { recursive: true });
    expect(await refused(project, ...command.split(" "))).toContain("error PROJECT_NOT_FOUND");
  },
);

describe("what is no text", () => {
  test("a place in tm-db.config.json is shown", async () => {
    const project = cliProject("empty");
    project.write({ "tm-db.config.json": '{\n  "database": app\n}\n' });
    expect(await refused(project, "status")).toContain(
      '  at tm-db.config.json:2:15\n  2 |   "database": app\n    |               ^\n',
    );
  });

  test.each(["latin1", "utf16le"] as const)(
    "%s is shown where it begins, and the advised command saves it as UTF-8",
    async (encoding) => {
      const project = cliProject("empty");
      const file = join(project.dir, "migrations/0001_a.sql");
      const text = `${encoding === "latin1" ? "" : "\uFEFF"}-- Up Migration\n-- größer\nselect;\n`;
      writeFileSync(file, text, encoding);
      const stderr = await refused(project, "lint");
      expect(stderr).toContain(
        encoding === "latin1" ? "  at migrations/0001_a.sql:2:6\n" : "  at migrations/0001_a.sql:1:1\n",
      );
      const command = /for example: (iconv .*)/.exec(stderr)?.[1] ?? "";
      execFileSync("sh", ["-c", command], { cwd: project.dir });
      expect(readFileSync(file, "utf8")).toContain("größer");
      expect(await project.run(["lint"])).toMatchObject({ code: 0 });
    },
  );

  test("a pipe among the files is named, and nobody waits for what comes out of it", async () => {
    const project = cliProject("empty");
    project.write({ "policies/a.sql": "" });
    execFileSync("mkfifo", [join(project.dir, "policies/b.sql")]);
    expect(await refused(project, "migrate")).toContain("b.sql in policies/ is a pipe");
  });
});

describe("where nothing can be written to,", () => {
  test("a reader of stderr that is gone changes no exit code", async () => {
    const { child, done } = cliProject("empty").start(["migrat"]);
    child.stderr?.destroy();
    expect(await done).toMatchObject({ code: 2 });
  });

  test.runIf(existsSync("/dev/full")).each([[["--version"]], [["migrat", "--json"]]])(
    "%j on a full disk says so once",
    (args) => {
      const stdout = openSync("/dev/full", "w");
      const command = [join(REPOSITORY, "bin/tm-db.js"), ...args];
      const { status, stderr } = spawnSync(process.execPath, command, {
        stdio: ["ignore", stdout, "pipe"],
        encoding: "utf8",
      });
      closeSync(stdout);
      expect(stderr).toMatch(/^error DISK_FULL cannot write the answer to stdout: .*\n {2}hint .*\n$/);
      expect(status).toBe(2);
    },
  );
});

const hasTerminal = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

test.runIf(hasTerminal)("who is asked may answer with Ctrl-C, Ctrl-D, no and yes", async () => {
  const project = cliProject("empty");
  project.write({ "migrations/0001_a.sql": TABLE });
  await project.run(["migrate"]);
  for (const [keys, code, words] of [
    ["\u0003", 130, "error INTERRUPTED"],
    ["\u0004", 1, "error NOT_CONFIRMED nothing was rolled back"],
    ["n\r", 1, "error NOT_CONFIRMED nothing was rolled back"],
    ["y\r", 0, "rolled back"],
  ] as const) {
    const answered = await onTerminal(project, ["rollback", "--all"], keys);
    expect(answered).toMatchObject({ code, text: expect.stringContaining(words) });
  }
});

/** Runs a command on a terminal, and types once it has asked. */
async function onTerminal(
  { dir }: CliProject,
  args: readonly string[],
  keys: string,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const command = [process.execPath, join(REPOSITORY, "bin/tm-db.js"), ...args].map(quoteForShell).join(" ");
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: dir, env: { PATH, HOME, TERM: "dumb" } });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    const isAsking = !text.includes("[y/N]") && `${text}${more}`.includes("[y/N]");
    text += more;
    if (isAsking) child.stdin.write(keys);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, text };
}

describe("on a database", () => {
  test("one that was half dropped is made anew by the advised command, and by up", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": TABLE });
    await project.run(["up"]);
    const superuser = findEmbedded({ projectDir: project.dir })?.superuser;
    if (superuser === undefined) throw new Error("no server runs");
    // As a `reset` that was killed leaves it.
    const cutOff = async (): Promise<void> => {
      await withClient(superuser, {}, async (client) => {
        await client.query("update pg_database set datconnlimit = -2 where datname = 'project'");
      });
    };
    await cutOff();
    for (const command of ["status", "doctor"]) {
      const stderr = await refused(project, command);
      expect(stderr).toContain("was being dropped, which did not end");
      expect(advised(stderr)).toEqual([["reset"]]);
    }
    expect(await project.run(["reset", "--yes"])).toMatchObject({ code: 0 });
    expect(await project.run(["status", "--check"])).toMatchObject({ code: 0 });
    await cutOff();
    expect(await project.run(["up"])).toMatchObject({ code: 0 });
    expect(await project.run(["status", "--check"])).toMatchObject({ code: 0 });
  });

  test("a migration that was deployed empty is warned of, and the advice lets it be filled in", async () => {
    const project = cliProject("empty");
    await project.run(["new", "first"]);
    await project.run(["new", "second"]);
    const empty = await project.run(["migrate"]);
    expect(empty).toMatchObject({ code: 0 });
    expect(empty.stdout).toContain("warning migrations/0002_second.sql has no statement in its up part");

    project.write({ "migrations/0002_second.sql": TABLE });
    const status = await project.run(["status"]);
    expect(status.stdout).toMatch(/migrate will refuse; what to do says: npx tm-db migrate --dry-run\n$/);
    const edited = await refused(project, "migrate", "--dry-run");
    const commands = advised(edited);
    expect(commands.slice(1)).toEqual([["rollback", "--to", "0001_first"], ["migrate"]]);
    for (const command of commands.slice(1)) expect(await project.run(command)).toMatchObject({ code: 0 });
    const settled = await project.run(["status", "--check"]);
    expect(settled).toMatchObject({ code: 0, stdout: expect.stringContaining("; up to date\n") });

    // The way back of the last one does not work, and to mend its file is of no use.
    project.write({
      "migrations/0003_third.sql": TABLE.replaceAll("public.a", "public.b").replace("drop table", "drop view"),
    });
    await project.run(["sum"]);
    expect(await project.run(["migrate"])).toMatchObject({ code: 0 });
    const stuck = await refused(project, "rollback");
    expect(stuck).toContain("  at migrations/0003_third.sql:5:1\n");
    expect(stuck).not.toContain("mend the statement");
    expect(stuck).toContain("npx tm-db new <name>");

    const unknown = await refused(project, "rollback", "--to", "nope");
    expect(unknown).toContain("0001_first, 0002_second, 0003_third");

    rmSync(join(project.dir, "migrations/0002_second.sql"));
    await project.run(["sum"]);
    expect(advised(await refused(project, "migrate"))).toEqual([["rollback", "--to", "0001_first"]]);
    expect(await refused(project, "status", "--pg", "17")).toContain(
      "as PostgreSQL 17, is not running: PostgreSQL 18 is",
    );
  });

  test("the first matrix makes its folder; without a role to log in, doctor asks for no password", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": "-- Up Migration\nselect;\n" });
    await project.run(["up"]);
    const sick = await project.run(["doctor"]);
    expect(sick.stdout).toContain("there is no role authenticator");
    expect(sick.stdout).toMatch(/skipped +login +there is no role authenticator/);

    project.write({
      "migrations/0002_api.sql": readme("-- Up Migration\n"),
      "policies/api/notes.sql": readme("alter table"),
    });
    expect(await project.run(["up"])).toMatchObject({ code: 0 });
    const missing = await project.run(["matrix", "--check"]);
    expect(missing).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/\nwrite one, and commit it: npx tm-db matrix\n$/),
    });
    expect(await project.run(["matrix"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("(1 person, 1 table or view, 0 functions)"),
    });
    expect(existsSync(join(project.dir, "test/policies/access.matrix.json"))).toBe(true);
    expect(await project.run(["matrix", "--check"])).toMatchObject({ code: 0 });

    // Where no file can grow, what was there stays.
    project.write({ "test/policies/access.matrix.md": "before\n" });
    expect(withoutSpace(project, "matrix")).toMatch(
      /^error FILE_UNWRITABLE cannot write test\/policies\/access.matrix.md: /,
    );
    expect(readFileSync(join(project.dir, "test/policies/access.matrix.md"), "utf8")).toBe("before\n");
    const before = readdirSync(join(project.dir, "migrations"));
    expect(withoutSpace(project, "new", "third")).toContain("error FILE_UNWRITABLE cannot write into migrations/: ");
    expect(readdirSync(join(project.dir, "migrations"))).toEqual(before);
    expect((await project.run(["doctor"])).stdout).toMatch(/ok +login +authenticator logs in/);
  });
});

/** What a command says to whom no file may grow, as on a full disk. */
function withoutSpace(project: CliProject, ...args: readonly string[]): string {
  const script = 'ulimit -f 0; exec "$@"';
  const { PATH = "", HOME = "" } = process.env;
  const { stderr } = spawnSync(
    "sh",
    ["-c", script, "sh", process.execPath, join(REPOSITORY, "bin/tm-db.js"), ...args],
    {
      cwd: project.dir,
      env: { PATH, HOME },
      encoding: "utf8",
    },
  );
  return stderr;
}

/** The example of README.md that begins so. */
function readme(beginning: string): string {
  const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const found = [...page.matchAll(/```sql\n([^]*?)```/g)]
    .map(([, sql = ""]) => sql)
    .find((sql) => sql.startsWith(beginning));
  if (found === undefined) throw new Error(`README.md has no example that begins with ${beginning}`);
  return found;
}
