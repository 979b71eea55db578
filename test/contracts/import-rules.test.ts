import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONFIG = join(ROOT, ".dependency-cruiser.mjs");

interface Row {
  readonly folders: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** The table of CONTRIBUTING.md: what each folder of `src/` may import. */
function readTable(): ReadonlyMap<string, Row> {
  const text = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
  const start = text.indexOf("| folder of `src/` |");
  const lines = text.slice(start, text.indexOf("\n\n", start)).split("\n").slice(2);
  return new Map(
    lines.map((line) => {
      const [, folder = "", , folders = "", packages = ""] = line.split("|").map((cell) => cell.trim());
      const names = (cell: string): Set<string> => new Set(cell.match(/[@\w/-]+/g));
      return [folder.replaceAll("`", ""), { folders: names(folders), packages: names(packages) }];
    }),
  );
}

const TABLE = readTable();
const FOLDERS = [...TABLE.keys()];
const PACKAGES = [...new Set([...TABLE.values()].flatMap(({ packages }) => [...packages])), "left-pad"];

/** Files of a project that breaks rules, and the rules that each of them must break. */
interface Case {
  readonly text: string;
  readonly breaks: readonly string[];
}

/** Every pair of folders, every folder with every package, and each of the other rules. */
function makeCases(): ReadonlyMap<string, Case> {
  const cases = new Map<string, Case>();
  for (const [from, { folders, packages }] of TABLE) {
    cases.set(`src/${from}/thing.ts`, { text: "export interface Thing { readonly size: number }\n", breaks: [] });
    for (const to of FOLDERS.filter((folder) => folder !== from)) {
      const text = `import type { Thing } from "../${to}/thing.ts";\nexport type Other = Thing;\n`;
      cases.set(`src/${from}/to-${to}.ts`, { text, breaks: folders.has(to) ? [] : [`folder-${from}`] });
    }
    for (const name of PACKAGES) {
      const rule = name === "left-pad" ? "library-unlisted" : `library-${name}`;
      const text = `import type { Value } from "${name}";\nexport type Other = Value;\n`;
      cases.set(`src/${from}/with-${name.replace("/", "-")}.ts`, { text, breaks: packages.has(name) ? [] : [rule] });
    }
    const text = 'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n';
    cases.set(`src/${from}/reads.ts`, { text, breaks: ["core", "report"].includes(from) ? ["pure"] : [] });
  }
  cases.set("src/core/hash.ts", {
    text: 'import { createHash } from "node:crypto";\nexport const h = createHash;\n',
    breaks: [],
  });
  cases.set("src/core/lazy.ts", {
    text: 'export const load = () => import("../db/thing.ts");\n',
    breaks: ["folder-core"],
  });
  cases.set("src/core/query.ts", {
    text: 'export type T = import("../db/thing.ts").Thing;\n',
    breaks: ["folder-core"],
  });
  cases.set("src/deploy/one.ts", {
    text: 'import type { Two } from "./two.ts";\nexport type One = Two;\n',
    breaks: ["no-circular"],
  });
  cases.set("src/deploy/two.ts", {
    text: 'import type { One } from "./one.ts";\nexport type Two = One | 2;\n',
    breaks: [],
  });
  cases.set("src/helpers/any.ts", {
    text: 'import type { Thing } from "../core/thing.ts";\nexport type T = Thing;\n',
    breaks: ["folder-unknown"],
  });
  cases.set("src/index.ts", {
    text: 'export type { Thing } from "./app/thing.ts";\nexport type { Thing as A } from "./db/thing.ts";\n',
    breaks: ["public-api"],
  });
  cases.set("src/testing.ts", {
    text: 'export type { Thing } from "./app/thing.ts";\nexport type { Thing as A } from "./policytest/thing.ts";\n',
    breaks: ["public-api"],
  });
  cases.set("src/app/barrel.ts", {
    text: 'import type { A } from "../index.ts";\nexport type B = A;\n',
    breaks: ["not-to-index", "folder-app"],
  });
  cases.set("src/app/tested.ts", {
    text: 'import { help } from "../../test/support/help.ts";\nexport const h = help;\n',
    breaks: ["src-stands-alone"],
  });
  cases.set("src/app/dev.ts", {
    text: 'import { value } from "only-for-tests";\nexport const v = value;\n',
    breaks: ["library-dev", "library-unlisted"],
  });
  cases.set("test/support/help.ts", { text: "export const help = 1;\n", breaks: [] });
  cases.set("src/app/gone.ts", {
    text: 'import { gone } from "./nowhere.ts";\nexport const g = gone;\n',
    breaks: ["unresolvable"],
  });
  cases.set("bin/good.cjs", { text: 'require("node:fs");\nrequire("../dist/cli.cjs");\n', breaks: [] });
  cases.set("bin/bad.cjs", { text: 'require("../dist/index.js");\n', breaks: ["bin"] });
  return cases;
}

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

function cruise(directory: string): Violation[] {
  const program = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const folders = ["bin", "src", "test"];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, "--config", CONFIG, "--output-type", "json", ...folders],
    {
      cwd: directory,
      encoding: "utf8",
      maxBuffer: 100_000_000,
    },
  );
  if (stdout === "") throw new Error(stderr);
  const report = JSON.parse(stdout) as { readonly summary: { readonly violations: readonly Violation[] } };
  return [...report.summary.violations];
}

const CASES = makeCases();
let directory = "";
let broken: ReadonlyMap<string, ReadonlySet<string>>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tm-db-import-rules-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  write("tsconfig.json", "{}");
  write("package.json", '{ "type": "module", "devDependencies": { "only-for-tests": "1.0.0" } }');
  for (const path of ["dist/index.js", "dist/cli.cjs"]) write(path, "export {};\n");
  for (const name of [...PACKAGES, "only-for-tests"]) {
    write(
      `node_modules/${name}/package.json`,
      JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js" }),
    );
    write(`node_modules/${name}/index.js`, "export const value = 1;\n");
  }
  for (const [path, { text }] of CASES) write(path, text);
  const found = new Map<string, Set<string>>();
  for (const { from, rule } of cruise(directory)) found.set(from, (found.get(from) ?? new Set()).add(rule.name));
  broken = found;
}, 60_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("each deliberate violation is caught by its rule, and nothing else is", () => {
  const line = (path: string, rules: Iterable<string>): string[] => [...rules].map((rule) => `${path} breaks ${rule}`);
  const expected = [...CASES].flatMap(([path, { breaks }]) => line(path, breaks));
  const actual = [...CASES.keys()].flatMap((path) => line(path, broken.get(path) ?? []));
  expect(new Set(actual)).toEqual(new Set(expected));
});

test("each rule for a folder that exists is broken by a case here", async () => {
  const { default: config } = (await import(CONFIG)) as {
    readonly default: { readonly forbidden: readonly { readonly name: string }[] };
  };
  const tested = new Set([...CASES.values()].flatMap(({ breaks }) => breaks));
  const isReserved = (name: string): boolean =>
    name.startsWith("folder-") && !FOLDERS.includes(name.slice("folder-".length));
  const untested = config.forbidden.map(({ name }) => name).filter((name) => !tested.has(name) && !isReserved(name));
  expect(untested).toEqual([]);
});

test("the code keeps the rules", { timeout: 60_000 }, () => {
  const violations = cruise(ROOT).map(
    ({ from, rule, ...rest }) => `${rule.name}: ${from} → ${String(Reflect.get(rest, "to"))}`,
  );
  expect(violations).toEqual([]);
});
