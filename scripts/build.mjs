// Bundles the command line and the public API into dist/.
import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { FREQUENT } from "../bin/frequent.cjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version, dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync(`${root}/package.json`, "utf8"),
);

// What is loaded by most runs goes into the bundle: packages that are there for the build alone, and these two, which others
// need as well. Everything else stays in node_modules until it is needed; of node-pg-migrate that is all but the order of files.
const bundled = new Set(["node-pg-migrate", "pg"]);
const external = [dependencies, optionalDependencies, peerDependencies]
  .flatMap(Object.keys)
  .filter((name) => !bundled.has(name));

/** Carries pgTAP's SQL: src/policytest/pgtap.ts. */
const PGTAP = "@electric-sql/pglite-pgtap";

// Beside the old one until it is complete: a build that fails leaves what was there.
const next = `${root}/.dist-next`;

/** See src/db/pg-crypto.ts. */
const ownCrypto = {
  name: "own-crypto",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(crypto\/)?utils$/ }, ({ importer }) =>
      /[/\\]pg[/\\]lib[/\\](client|crypto[/\\]sasl)\.js$/.test(importer)
        ? { path: `${root}/src/db/pg-crypto.ts` }
        : undefined,
    );
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  external: ["pg-native", "node-pg-migrate/migrationLoader", "node-pg-migrate/migrationBuilder", ...external],
  alias: { "libpg-query": `${root}/node_modules/libpg-query/wasm/index.js` },
  // SQL that the tool itself runs lies in files of its own, and goes into the bundle as text.
  loader: { ".sql": "text", ".md": "text" },
  plugins: [ownCrypto],
  legalComments: "none",
  sourcemap: false,
  metafile: true,
  logLevel: "warning",
};
// pg asks whether it runs on Cloudflare; on Node 20, which has no `navigator`, the answer costs 25 ms (it loads undici).
// The parser's module is compiled as it is used; beside other threads that takes four times as long.
const define = {
  __TM_DB_VERSION__: JSON.stringify(version),
  navigator: '{"userAgent":"Node.js"}',
  "WebAssembly.instantiate": "__instantiate",
};
const instantiate = [
  "const __instantiate = (bytes, imports) => {",
  "  const module = new WebAssembly.Module(bytes);",
  "  return { module, instance: new WebAssembly.Instance(module, imports) };",
  "};",
].join("\n");

/** What most commands do not need, and what takes a millisecond or more to load. */
const LAZY = new Set([
  "child_process",
  "dns",
  "fs/promises",
  "readline/promises",
  "stream/consumers",
  "stream/promises",
]);

/** Loads these modules of Node's when something of them is used. */
const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/]+$/, namespace: "file" }, ({ path }) => {
      const name = path.replace(/^node:/, "");
      return LAZY.has(name) ? { path: name, namespace: "lazy-builtin" } : undefined;
    });
    onLoad({ filter: /./, namespace: "lazy-builtin" }, ({ path }) => {
      const names = Object.keys(createRequire(import.meta.url)(path)).map((name) => JSON.stringify(name));
      const getters = names.map((name) => `  get ${name}() { return load()[${name}]; },`);
      const load = `const load = () => __builtin(${JSON.stringify(path)});`;
      return { contents: [load, "module.exports = {", ...getters, "};"].join("\n") };
    });
  },
};

/**
 * The parser's module asks for 128 MB at its start. It grows when it needs more, and 34 MB are its stack and its data; with
 * the rest V8 finds its heap full, and tidies up. https://webassembly.github.io/spec/core/binary/modules.html#memory-section
 */
function withLessMemory(bytes) {
  // Section 5, 7 bytes; one memory, with a maximum; 2048 and 16384 pages of 64 KB.
  const section = Buffer.from([5, 7, 1, 1, 0x80, 0x10, 0x80, 0x80, 1]);
  const less = Buffer.from([5, 7, 1, 1, 0xc0, 0x04, 0x80, 0x80, 1]);
  const at = bytes.indexOf(section);
  if (at < 0 || bytes.indexOf(section, at + 1) >= 0) throw new Error("libpg-query.wasm has another memory section");
  less.copy(bytes, at);
  // A module that does not fit any more is refused here.
  new globalThis.WebAssembly.Module(bytes);
  return bytes;
}

/** Leaves out the commands that are not among these. */
function only(names) {
  return {
    name: "only",
    setup({ onLoad }) {
      onLoad({ filter: /[/\\]src[/\\]cli[/\\]commands[/\\][a-z-]+\.ts$/ }, ({ path }) => {
        const exported = /^export function ([a-z]+)Command\(/m.exec(readFileSync(path, "utf8"));
        if (exported === null || names.includes(exported[1])) return undefined;
        return { contents: `export const ${exported[1]}Command = undefined;` };
      });
    },
  };
}

/** The command line, or some of its commands: one file, for bin/load-compiled.cjs. */
async function buildCommandLine(file, plugins = []) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: ["src/cli/main.ts"],
    outfile: `${next}/${file}`,
    format: "cjs",
    define: { ...define, "import.meta.url": "__importMetaUrl" },
    banner: {
      js: [
        'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
        "const __builtin = (name) => require(`node:${name}`);",
        instantiate,
      ].join("\n"),
    },
    plugins: [...common.plugins, lazyBuiltins, ...plugins],
    write: false,
  });
  const code = outputFiles[0].text
    // In a script that comes from a cache, V8 does not know whom to ask for a module: bin/load-compiled.cjs does.
    .replaceAll(/\bimport\(/g, "__import(")
    // A byte a character, which V8 reads and keeps in half the time and memory; esbuild leaves others in comments.
    .replaceAll(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // Says what a compiled form of it is of.
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 56);
  writeFileSync(`${next}/${file}`, `/*build:${hash}*/${code}`);
  return metafile;
}

/** What programs import: modules, with chunks that are loaded when they are needed. */
async function buildModules() {
  const { metafile } = await build({
    ...common,
    entryPoints: ["src/index.ts", "src/seeding.ts", "src/testing.ts"],
    outdir: next,
    outbase: "src",
    splitting: true,
    // All in one folder: each finds the .wasm file beside it.
    chunkNames: "[name]-[hash]",
    format: "esm",
    define,
    // What CommonJS code in the bundle expects to find; libpg-query looks for its .wasm file in `__dirname`.
    banner: {
      js: [
        'import { createRequire as __createRequire } from "node:module";',
        "const require = __createRequire(import.meta.url);",
        "const __dirname = import.meta.dirname;",
        instantiate,
      ].join("\n"),
    },
  });
  return metafile;
}

/** What packages have in them of others, for which they have no notice themselves. */
const CARRIED = {
  [PGTAP]: "pgTAP itself is David E. Wheeler's, under the PostgreSQL License: https://pgtap.org",
  "libpg-query":
    "It holds PostgreSQL's parser, Portions Copyright (c) 1996-2025, PostgreSQL Global Development Group, Portions Copyright (c) 1994, The Regents of the University of California, under the PostgreSQL License: https://www.postgresql.org/about/licence/; and libpg_query, Copyright (c) 2015, Lukas Fittl, under the BSD 3-Clause License: https://github.com/pganalyze/libpg_query",
};

/** In a file of its own, or in a section of the README. */
function licenceText(dir) {
  const file = readdirSync(dir).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (file !== undefined) return readFileSync(`${dir}/${file}`, "utf8").trim();
  const [, section] = /^#+ licen[cs]e\b.*\n([\s\S]*)/im.exec(readFileSync(`${dir}/README.md`, "utf8")) ?? [];
  if (section === undefined) throw new Error(`${dir} holds no text of its licence`);
  return section.trim();
}

/** Who made what is in the bundles and beside them, under which licence, as those ask for. */
function notices(metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const names = inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const parts = [...new Set([...names, PGTAP])].toSorted().map((name) => {
    const dir = `${root}/node_modules/${name}`;
    const { version, license, author } = JSON.parse(readFileSync(`${dir}/package.json`, "utf8"));
    const by = typeof author === "string" ? author : author?.name;
    const carries = CARRIED[name] === undefined ? "" : `\n${CARRIED[name]}`;
    return `${name} ${version}\n${license}${by === undefined ? "" : `, by ${by}`}${carries}\n\n${licenceText(dir)}\n`;
  });
  return `What tm-db's programs contain of others.\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}

rmSync(next, { recursive: true, force: true });
const metafiles = [
  await buildModules(),
  await buildCommandLine("cli.cjs"),
  await buildCommandLine("frequent.cjs", [only(FREQUENT)]),
];
writeFileSync(`${next}/THIRD_PARTY_NOTICES.txt`, notices(metafiles));
copyFileSync(`${root}/node_modules/${PGTAP}/dist/pgtap.tar.gz`, `${next}/pgtap.tar.gz`);
writeFileSync(
  `${next}/libpg-query.wasm`,
  withLessMemory(readFileSync(`${root}/node_modules/libpg-query/wasm/libpg-query.wasm`)),
);
rmSync(`${root}/dist`, { recursive: true, force: true });
renameSync(next, `${root}/dist`);
