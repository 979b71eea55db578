// Bundles the command line and the public API into dist/.
import { copyFileSync, readFileSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version, dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync(`${root}/package.json`, "utf8"),
);

// Small and loaded on every run: they go into the bundle. Everything else stays in node_modules until it is needed; of
// node-pg-migrate that is all but the order of files.
const bundled = new Set(["commander", "libpg-query", "node-pg-migrate", "pg", "pg-copy-streams", "tap-parser"]);
const external = [dependencies, optionalDependencies, peerDependencies]
  .flatMap(Object.keys)
  .filter((name) => !bundled.has(name));

// Beside the old one until it is complete: a build that fails leaves what was there.
const next = `${root}/.dist-next`;
rmSync(next, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts", "src/index.ts", "src/testing.ts"],
  outdir: next,
  outbase: "src",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  chunkNames: "chunks/[name]-[hash]",
  external: ["pg-native", "node-pg-migrate/migrationLoader", "node-pg-migrate/migrationBuilder", ...external],
  // pg asks whether it runs on Cloudflare; on Node 20, which has no `navigator`, the answer costs 25 ms (it loads undici).
  define: { __TM_DB_VERSION__: JSON.stringify(version), navigator: '{"userAgent":"Node.js"}' },
  alias: { "libpg-query": `${root}/node_modules/libpg-query/wasm/index.js` },
  // What CommonJS code in the bundle expects to find; libpg-query looks for its .wasm file in `__dirname`.
  banner: {
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      "const require = __createRequire(import.meta.url);",
      "const __dirname = import.meta.dirname;",
    ].join("\n"),
  },
  // SQL that the tool itself runs lies in files of its own, and goes into the bundle as text.
  loader: { ".sql": "text", ".md": "text" },
  sourcemap: false,
  logLevel: "warning",
});
copyFileSync(`${root}/node_modules/libpg-query/wasm/libpg-query.wasm`, `${next}/chunks/libpg-query.wasm`);
rmSync(`${root}/dist`, { recursive: true, force: true });
renameSync(next, `${root}/dist`);
