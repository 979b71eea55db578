// Building the database: tm-db against psql on the same SQL, and the waiting times of somebody at a terminal.
//
//   node bench/deploy.mjs [--pg 15|16|17|18] [--rounds 7]
//
// psql is PostgreSQL's own (`pg_config --bindir`); without one that row is missing, and says so. It gets the up parts of
// the migrations, then functions, views and policies, in the order in which tm-db applied them, as one file in one
// transaction (`psql -1 -f`). What either needs to start (`--version`) is measured apart and taken off; connecting is work
// that both do.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { env, migrate, stop, up } from "../dist/index.js";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { cleanEnvironment, copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: { pg: { type: "string", default: "18" }, rounds: { type: "string", default: "7" } },
});
const rounds = Number(flags.rounds);
const CLI = join(ROOT, "bin", "tm-db.js");

/** Milliseconds of a program that must succeed. */
function timeProgram(file, args, options) {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(file, args, { encoding: "utf8", ...options });
  const taken = performance.now() - start;
  if (error !== undefined || status !== 0) throw new Error(`${file} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return taken;
}

const times = (count, work) => Array.from({ length: count }, work);

function findPsql() {
  try {
    const bin = execFileSync("pg_config", ["--bindir"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const path = join(bin, "psql");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** What tm-db ran, in its order, as one script: its plan says in which order. */
function oneScript(dir, steps) {
  return steps
    .map(({ path }) => {
      const text = readFileSync(join(dir, path), "utf8");
      return path.startsWith("migrations/") ? text.split(/^-- Down Migration/m)[0] : text;
    })
    .join("\n");
}

async function compareWithPsql(dir, options, psql) {
  const started = await up(options);
  const { variables } = await env(options);
  const url = new URL(variables.DATABASE_URL);
  const script = join(dir, "all.sql");
  const steps = started.deployment.steps.filter(({ action }) => action === "migrate" || action === "apply");
  writeFileSync(script, oneScript(dir, steps));
  const maintenance = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: "/postgres" }).href });
  await maintenance.connect();
  const environment = cleanEnvironment(dir);
  const fresh = async (name) => {
    await maintenance.query(`drop database if exists ${name}`);
    await maintenance.query(`create database ${name}`);
    return Object.assign(new URL(url), { pathname: `/${name}` }).href;
  };
  const inProcess = [];
  const byTool = [];
  const byPsql = [];
  const toolStart = [];
  const psqlStart = [];
  for (let round = 0; round < rounds; round += 1) {
    const target = await fresh("by_tool");
    byTool.push(
      timeProgram(process.execPath, [CLI, "migrate", "--quiet", "--database-url", target], {
        cwd: dir,
        env: environment,
      }),
    );
    toolStart.push(timeProgram(process.execPath, [CLI, "--version"], { cwd: dir, env: environment }));
    const again = await fresh("by_api");
    const start = performance.now();
    await migrate({ ...options, pg: undefined, databaseUrl: again });
    inProcess.push(performance.now() - start);
    if (psql !== undefined) {
      const other = await fresh("by_psql");
      byPsql.push(
        timeProgram(psql, ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", script, other], {
          env: environment,
        }),
      );
      psqlStart.push(timeProgram(psql, ["--version"], { env: environment }));
    }
  }
  await maintenance.end();
  const tool = median(byTool);
  const toolNet = tool - median(toolStart);
  const api = median(inProcess);
  const rows = [
    ["tm-db migrate", ms(tool), ms(toolNet)],
    ["… called in a process that runs", ms(api), ms(api)],
  ];
  if (psql !== undefined) {
    const psqlNet = median(byPsql) - median(psqlStart);
    rows.push(["psql -1 -f", ms(median(byPsql)), ms(psqlNet)]);
    rows[0].push(ratio(toolNet / psqlNet));
    rows[1].push(ratio(api / psqlNet));
    rows[2].push(ratio(1));
  } else {
    for (const row of rows) row.push("no psql here");
  }
  printHead(`Empty to built, ${rounds} rounds`, started.database.version);
  if (psql === undefined) console.log("Skipped: psql. Install PostgreSQL's client and its pg_config.\n");
  else console.log(`${execFileSync(psql, ["--version"], { encoding: "utf8" }).trim()}\n`);
  printTable(["empty to built", "ms", "without start, ms", "of psql"], rows);
}

function measureWaiting(dir) {
  const environment = cleanEnvironment(dir);
  const run = (...args) => timeProgram(process.execPath, [CLI, ...args], { cwd: dir, env: environment });
  const fresh = [];
  const second = [];
  for (let round = 0; round < Math.min(rounds, 5); round += 1) {
    run("stop");
    rmSync(join(dir, ".tm-db"), { recursive: true, force: true });
    fresh.push(run("up", "--pg", flags.pg, "--quiet"));
    second.push(run("up", "--pg", flags.pg, "--quiet"));
  }
  const help = times(rounds, () => run("--help"));
  const bare = times(rounds, () => timeProgram(process.execPath, ["-e", "0"], { env: environment }));
  printTable(
    ["waiting for", "ms", "bar, ms"],
    [
      ["up, a new project", ms(median(fresh)), "3000"],
      ["up, again", ms(median(second)), "500"],
      ["--help", ms(median(help)), ms(1.5 * median(bare) + 60)],
      ["node -e 0", ms(median(bare)), ""],
    ],
  );
}

const dir = copyProject();
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
try {
  await compareWithPsql(dir, options, findPsql());
  measureWaiting(dir);
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}
