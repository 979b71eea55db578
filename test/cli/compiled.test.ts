import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { REPOSITORY, type RunOptions } from "./run-cli.ts";

const NOBODY = 65_534;

const BUNDLES = ["cli.cjs", "frequent.cjs"];

interface Program {
  readonly dist: string;
  readonly run: (args: readonly string[], options?: RunOptions) => string;
  /** What stands beside the bundle. */
  readonly caches: () => string[];
}

/** A copy of the program in a folder of its own, in which nothing has run yet. */
function program(): Program {
  const home = mkdtempSync(join(tmpdir(), "tm-db-compiled-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const dist = join(home, "dist");
  mkdirSync(dist);
  cpSync(join(REPOSITORY, "bin"), join(home, "bin"), { recursive: true });
  for (const bundle of BUNDLES) cpSync(join(REPOSITORY, "dist", bundle), join(dist, bundle));
  // Others may read it, whatever the umask and the checkout's own modes.
  execFileSync("chmod", ["-R", "a+rX", home]);
  return {
    dist,
    run: (args, { env = {}, uid } = {}) => {
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(home, "bin/tm-db.js"), ...args], {
        cwd: home,
        encoding: "utf8",
        timeout: 20_000,
        env: { PATH: process.env["PATH"], ...env },
        ...(uid === undefined ? {} : { uid }),
      });
      return `${status ?? signal} ${stdout}${stderr}`;
    },
    caches: () => readdirSync(dist).filter((name) => !BUNDLES.includes(name)),
  };
}

/** Replaces the source by one as long that says something else: whoever compiles it says that. */
function changeSource(dist: string): void {
  const file = join(dist, "cli.cjs");
  const source = readFileSync(file, "latin1");
  const changed = source.replace("Build, take back and prove", "BUILD, TAKE BACK AND PROVE");
  expect(changed).not.toBe(source);
  writeFileSync(file, changed, "latin1");
}

describe("what a run has compiled", () => {
  test("is used by the next run of the same command", () => {
    const { dist, run, caches } = program();
    const first = run(["--help"]);
    expect(first).toMatch(/^0 Usage/);
    expect(caches()).toEqual(["cli.help.cache"]);
    // V8 compares lengths only: words that were compiled come from the cache, which shows that it is used.
    changeSource(dist);
    expect(run(["--help"])).toBe(first);
    expect(run(["migrate", "--help"])).toMatch(/^0 Usage/);
    expect(caches()).toEqual(["cli.help.cache", "frequent.migrate.cache"]);
  });

  test("is not used by another build", () => {
    const { dist, run } = program();
    run(["--help"]);
    changeSource(dist);
    const file = join(dist, "cli.cjs");
    writeFileSync(file, readFileSync(file, "latin1").replace(/^\/\*build:./, "/*build:x"), "latin1");
    expect(run(["--help"])).toContain("BUILD, TAKE BACK");
    expect(run(["--help"])).toContain("BUILD, TAKE BACK");
  });

  test.each([
    ["is cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["is empty", () => Buffer.alloc(0)],
    ["has a wrong byte", (bytes: Buffer) => bytes.fill(bytes[9_000] === 7 ? 8 : 7, 9_000, 9_001)],
    [
      "is of another Node",
      (bytes: Buffer) => Buffer.from(bytes.toString("latin1").replace(process.version, "v20.00.0"), "latin1"),
    ],
  ])("is not used when the file %s", (_, damage) => {
    const { dist, run } = program();
    const first = run(["--help"]);
    const file = join(dist, "cli.help.cache");
    const good = readFileSync(file);
    writeFileSync(file, damage(Buffer.from(good)));
    changeSource(dist);
    expect(run(["--help"])).not.toBe(first);
    expect(run(["--help"])).toContain("BUILD, TAKE BACK");
    // And another one stands in its place.
    expect(Math.abs(readFileSync(file).length - good.length)).toBeLessThan(good.length / 10);
  });

  test("is written to by nobody else, whatever the umask", () => {
    const { dist } = program();
    const main = join(dist, "../bin/tm-db.js");
    const { status } = spawnSync("sh", ["-c", 'umask 0; exec "$0" "$@" --help', process.execPath, main]);
    expect(status).toBe(0);
    expect(statSync(join(dist, "cli.help.cache")).mode & 0o777).toBe(0o644);
  });

  test("is kept for no command that there is not, and none that failed", () => {
    const { run, caches } = program();
    expect(run(["nonsense"])).toMatch(/^2 /);
    expect(run(["../../x"])).toMatch(/^2 /);
    expect(run(["migrate"])).toMatch(/^2 /);
    expect(caches()).toEqual([]);
  });

  test("is not kept with NODE_DISABLE_COMPILE_CACHE", () => {
    const { run, caches } = program();
    expect(run(["--help"], { env: { NODE_DISABLE_COMPILE_CACHE: "1" } })).toMatch(/^0 Usage/);
    expect(caches()).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)("is not kept where the program cannot be written, which is no failure", () => {
    const { run, caches } = program();
    expect(run(["--help"], { uid: NOBODY })).toMatch(/^0 Usage/);
    expect(caches()).toEqual([]);
  });
});

test("commands that are typed often have a bundle of their own, which says the same of them", () => {
  const { FREQUENT } = createRequire(import.meta.url)("../../bin/frequent.cjs") as { readonly FREQUENT: string[] };
  const { dist, run } = program();
  expect(FREQUENT).toContain("migrate");
  const size = (bundle: string): number => statSync(join(dist, bundle)).size;
  expect(size("frequent.cjs")).toBeLessThan(size("cli.cjs") / 2);
  for (const command of FREQUENT) {
    const help = run([command, "--help"]);
    expect(help).toMatch(/^0 Usage: tm-db /);
    // The whole one is asked where another word stands first.
    expect(run(["help", command])).toBe(help);
  }
});

test("the parser's memory grows with what it has to read", () => {
  const dir = mkdtempSync(join(tmpdir(), "tm-db-large-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const folder of ["migrations", "functions/public"]) mkdirSync(join(dir, folder), { recursive: true });
  const file = join(dir, "functions/public/large.sql");
  // Beyond the 36 MB that it begins with: the text, and the tree that is made of it.
  const literal = "x ".repeat(400_000);
  const make = (index: number) => `create function public.f${index}() returns text language sql return '${literal}';\n`;
  const functions = Array.from({ length: 20 }, (_, index) => make(index)).join("");
  writeFileSync(file, functions);
  const lint = () =>
    spawnSync(process.execPath, [join(REPOSITORY, "bin/tm-db.js"), "lint", "--json"], { cwd: dir, encoding: "utf8" });
  expect(lint()).toMatchObject({ status: 0, stderr: "" });
  writeFileSync(file, `${functions}creat function public.last();\n`);
  expect(JSON.parse(lint().stdout)).toMatchObject({
    findings: [{ rule: "syntax-error", location: { line: 21, column: 1 } }],
  });
});

test.each(BUNDLES)("%s requires no package that is a module: what is one is imported when it is needed", (bundle) => {
  const source = readFileSync(join(REPOSITORY, "dist", bundle), "utf8");
  // Of pg, what src/db/pg-crypto.ts takes the place of is left out.
  expect(source).not.toContain("subtleCrypto");
  const names = new Set([...source.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? ""));
  const packages = [...names].filter((name) => existsSync(join(REPOSITORY, "node_modules", name, "package.json")));
  if (bundle === "cli.cjs") expect(packages).toContain("ws");
  for (const name of packages) {
    const { type } = JSON.parse(readFileSync(join(REPOSITORY, "node_modules", name, "package.json"), "utf8")) as {
      readonly type?: string;
    };
    expect([name, type ?? "commonjs"]).toEqual([name, "commonjs"]);
  }
});
