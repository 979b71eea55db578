// Writes the generated pages of docs/; with --check it changes nothing, shows what is out of date, and exits with 1.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const isCheck = process.argv.includes("--check");

/** The pages are made by TypeScript, which Node 20 does not run: they are bundled first, next to the packages they import. */
async function generatedPages() {
  const outfile = `${root}node_modules/.cache/tm-db/pages-${process.pid}.mjs`;
  await build({
    absWorkingDir: root,
    entryPoints: ["scripts/docs/pages.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    loader: { ".sql": "text", ".md": "text" },
    logLevel: "warning",
  });
  try {
    const pages = await import(outfile);
    return pages.generatedPages();
  } finally {
    rmSync(outfile, { force: true });
  }
}

function read(path) {
  try {
    return readFileSync(`${root}${path}`, "utf8");
  } catch {
    return "";
  }
}

/** The lines between the first and the last difference, as in a patch. */
function difference(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const part = (lines, sign) => lines.slice(start, lines.length - end).map((line) => `${sign} ${line}`);
  return [`@@ line ${start + 1}`, ...part(old, "-"), ...part(now, "+")].join("\n");
}

let outdated = 0;
for (const [path, text] of Object.entries(await generatedPages())) {
  const before = read(path);
  if (before === text) continue;
  outdated += 1;
  if (isCheck) console.error(`${path} is out of date: npm run docs\n${difference(before, text)}\n`);
  else {
    mkdirSync(dirname(`${root}${path}`), { recursive: true });
    writeFileSync(`${root}${path}`, text);
    console.log(`wrote ${path}`);
  }
}
if (isCheck && outdated > 0) process.exitCode = 1;
