// Other tools that run migrations, each fed with the same SQL in the form that it reads. They are installed from npm at
// these versions into the benchmark's own folder.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.mjs";

const VERSIONS = { "node-pg-migrate": "9.0.0", pg: "8.23.1", dbmate: "2.36.0", "graphile-migrate": "1.4.1" };
const TM_DB = join(ROOT, "bin", "tm-db.js");

/** Where the tools lie, or why they do not. */
export function installTools(dir) {
  const root = join(dir, "tools");
  mkdirSync(root);
  writeFileSync(join(root, "package.json"), '{ "private": true }\n');
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", ["install", ...options, ...packages], { cwd: root, encoding: "utf8" });
  if (status !== 0) return { missing: `npm could not install it: ${stderr.trim().split("\n")[0]}` };
  return { modules: join(root, "node_modules") };
}

/** PostgreSQL's own psql: Debian's /usr/bin/psql is a script that first looks for it. */
export function findPsql() {
  try {
    const quiet = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const path = join(execFileSync("pg_config", ["--bindir"], quiet).trim(), "psql");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The tools for one set of steps ({ name, up, down } in their order), with their files written below `dir`. Each:
 * { name, missing?, migrate, rollback? }, where a command is [program, arguments, { cwd, env }] for a database's URL.
 */
export function toolsFor({ dir, steps, project, environment, installed }) {
  mkdirSync(dir);
  const js = (path) => (installed.modules === undefined ? undefined : join(installed.modules, path));
  return [
    psqlTool(dir, steps, environment),
    tmDbTool(project, environment),
    nodePgMigrate(dir, steps, environment, js("node-pg-migrate/bin/node-pg-migrate.js")),
    ...dbmateTools(dir, steps, environment, installed.modules),
    graphileMigrate(dir, steps, environment, js("graphile-migrate/dist/cli.js")),
  ].map((tool) =>
    installed.missing === undefined || tool.isOurs ? tool : { name: tool.name, missing: installed.missing },
  );
}

function psqlTool(dir, steps, env) {
  const psql = findPsql();
  if (psql === undefined) return { name: "psql -1 -f", isOurs: true, missing: "no psql beside pg_config" };
  const [up, down] = [join(dir, "up.sql"), join(dir, "down.sql")];
  writeFileSync(up, steps.map((step) => step.up).join("\n"));
  writeFileSync(
    down,
    steps
      .map((step) => step.down)
      .toReversed()
      .join("\n"),
  );
  const run = (file) => (url) => [
    psql,
    ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file, url],
    { cwd: dir, env },
  ];
  return { name: "psql -1 -f", isOurs: true, migrate: run(up), rollback: run(down) };
}

function tmDbTool(project, environment) {
  const run =
    (...args) =>
    (url) => [
      process.execPath,
      [TM_DB, ...args, "--quiet"],
      { cwd: project, env: { ...environment, DATABASE_URL: url } },
    ];
  return { name: "tm-db", isOurs: true, migrate: run("migrate"), rollback: run("rollback", "--all", "--yes") };
}

function nodePgMigrate(dir, steps, environment, program) {
  const folder = join(dir, "node-pg-migrate");
  mkdirSync(folder);
  for (const [index, { name, up, down }] of steps.entries()) {
    writeFileSync(join(folder, fileName(index, name)), `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`);
  }
  const run =
    (...args) =>
    (url) => [
      process.execPath,
      [program, ...args, "-m", folder, "--no-verbose"],
      { cwd: dir, env: { ...environment, DATABASE_URL: url } },
    ];
  return {
    name: `node-pg-migrate ${VERSIONS["node-pg-migrate"]}`,
    migrate: run("up"),
    rollback: run("down", String(steps.length)),
  };
}

/** Commits each file by itself, and takes back one file a call: there is no row for taking all back. */
function dbmateTools(dir, steps, environment, modules) {
  const folder = join(dir, "dbmate");
  mkdirSync(folder);
  for (const [index, { name, up, down }] of steps.entries()) {
    writeFileSync(join(folder, fileName(index, name)), `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`);
  }
  const run = (program, before) => (url) => [
    program,
    [...before, "--no-dump-schema", "-d", folder, "migrate"],
    { cwd: dir, env: { ...environment, DATABASE_URL: url } },
  ];
  const name = `dbmate ${VERSIONS.dbmate}`;
  const binary = `@dbmate/${process.platform}-${process.arch}/bin/dbmate`;
  if (modules === undefined) return [{ name: `${name}, by npm` }, { name: `${name}, its binary` }];
  return [
    { name: `${name}, by npm`, migrate: run(process.execPath, [join(modules, "dbmate/dist/cli.js")]) },
    { name: `${name}, its binary`, migrate: run(join(modules, binary), []) },
  ];
}

/** Each file in a transaction of its own, and no way back. */
function graphileMigrate(dir, steps, environment, program) {
  const folder = join(dir, "graphile-migrate");
  mkdirSync(join(folder, "migrations", "committed"), { recursive: true });
  writeFileSync(join(folder, ".gmrc"), "{}\n");
  let previous = "-";
  for (const [index, { up }] of steps.entries()) {
    const body = up.trim();
    const hashed = `${`${previous === "-" ? "" : previous}\n${body}`.trim()}\n`;
    const hash = `sha1:${createHash("sha1").update(hashed).digest("hex")}`;
    const file = join(folder, "migrations", "committed", `${String(index + 1).padStart(6, "0")}.sql`);
    writeFileSync(file, `--! Previous: ${previous}\n--! Hash: ${hash}\n\n${body}\n`);
    previous = hash;
  }
  const migrate = (url) => {
    const env = {
      ...environment,
      DATABASE_URL: url,
      SHADOW_DATABASE_URL: `${url}_shadow`,
      ROOT_DATABASE_URL: `${url}_root`,
    };
    return [process.execPath, [program, "migrate"], { cwd: folder, env }];
  };
  return { name: `graphile-migrate ${VERSIONS["graphile-migrate"]}`, migrate };
}

function fileName(index, name) {
  return `${String(index + 1).padStart(4, "0")}_${name}.sql`;
}

/** The steps of a project that is deployed: its files in the order in which tm-db applied them, and the SQL that takes each back. */
export async function stepsOf(client, dir, applied) {
  const { rows } = await client.query("select path, down_sql, made from tm_db.files");
  const byPath = new Map(rows.map((row) => [row.path, row]));
  return applied.map(({ path }) => {
    const text = readFileSync(join(dir, path), "utf8");
    const { down_sql: down, made } = byPath.get(path);
    const name = path.replace(/\.sql$/, "").replaceAll(/\W+/g, "_");
    if (path.startsWith("migrations/")) return { name, up: text.split(/^-- Down Migration/m)[0], down };
    const dropped = new Set(made.flatMap(({ object }) => (object === undefined ? [] : [object.name])));
    const undo = made
      .filter(({ undo: sql, target }) => sql !== "" && !dropped.has(target?.name))
      .map((entry) => entry.undo);
    return {
      name,
      up: text,
      down: undo
        .toReversed()
        .map((sql) => `${sql};`)
        .join("\n"),
    };
  });
}
