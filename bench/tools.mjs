// Deploying and taking back: tm-db beside psql, node-pg-migrate, dbmate and graphile-migrate, on the same SQL.
//
//   node bench/tools.mjs [--pg 15|16|17|18] [--rounds 7] [--many 1000]
//
// Whole processes by the clock, start included, output thrown away; each in a database of its own, all in turns. psql
// runs one file in one transaction, and so do tm-db and node-pg-migrate; dbmate and graphile-migrate commit file by
// file. Tools that know migrations only get functions, views and policies as migrations too, cut in tm-db's order.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { env, rollback, stop, up } from "../dist/index.js";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { installTools, stepsOf, toolsFor } from "./support/other-tools.mjs";
import { cleanEnvironment, copyProject, optionsFor } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    rounds: { type: "string", default: "7" },
    many: { type: "string", default: "1000" },
  },
});
const rounds = Number(flags.rounds);
const many = Number(flags.many);
const ROLES = ["authenticator", "api_user", "api_anonymous"];

/** Milliseconds of a command that must succeed. */
function timeCommand([program, args, options]) {
  const start = performance.now();
  const { status, error, stderr } = spawnSync(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const taken = performance.now() - start;
  if (error !== undefined || status !== 0) {
    throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr.toString()}`);
  }
  return taken;
}

function manySteps() {
  return Array.from({ length: many }, (_, index) => ({
    name: `t${index + 1}`,
    up: `create table public.t${index + 1} (id bigint generated always as identity primary key, note text not null);`,
    down: `drop table public.t${index + 1};`,
  }));
}

function manyProject(dir, steps) {
  mkdirSync(join(dir, "migrations"), { recursive: true });
  for (const [index, { name, up: upSql, down }] of steps.entries()) {
    const file = `${String(index + 1).padStart(4, "0")}_${name}.sql`;
    writeFileSync(join(dir, "migrations", file), `-- Up Migration\n${upSql}\n-- Down Migration\n${down}\n`);
  }
  return dir;
}

/** One round of a tool: from empty, once more with nothing to do, and all back. Roles are the server's, so they go too. */
async function runOnce(tool, maintenance, url) {
  // Without `force`, which may not end a worker of autovacuum: PostgreSQL sends that one away by itself.
  await maintenance.query("drop database if exists measured");
  for (const role of ROLES) await maintenance.query(`drop role if exists ${role}`);
  await maintenance.query("create database measured template template0");
  const target = Object.assign(new URL(url), { pathname: "/measured", search: "?sslmode=disable" }).href;
  return {
    empty: timeCommand(tool.migrate(target)),
    // psql has nothing that would know.
    nothing: tool.name.startsWith("psql") ? undefined : timeCommand(tool.migrate(target)),
    back: tool.rollback === undefined ? undefined : timeCommand(tool.rollback(target)),
  };
}

/** Medians by tool: { empty, nothing, back }. The first round of each warms the caches and does not count. */
async function measure(tools, maintenance, url) {
  const taken = new Map(tools.map((tool) => [tool, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const tool of tools) {
      if (tool.missing !== undefined) continue;
      const times = await runOnce(tool, maintenance, url);
      if (round >= 0) taken.get(tool).push(times);
    }
  }
  const middle = (times, key) => (times[0]?.[key] === undefined ? undefined : median(times.map((each) => each[key])));
  return tools.map((tool) => {
    const times = taken.get(tool);
    const medians = Object.fromEntries(["empty", "nothing", "back"].map((key) => [key, middle(times, key)]));
    return { ...medians, name: tool.name, missing: tool.missing };
  });
}

function print(title, measured, key, base) {
  const unit = measured.find(({ name }) => name.startsWith(base))?.[key];
  const rows = measured.map(({ name, missing, [key]: taken }) => {
    if (taken === undefined) return [name, missing ?? "–", ""];
    return [name, ms(taken), unit === undefined ? "" : ratio(taken / unit)];
  });
  printTable([title, "ms", `of ${base}`], rows);
}

const dir = copyProject();
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
const work = mkdtempSync(join(dirname(dir), "tm-db-bench-tools-"));
chmodSync(work, 0o755);
try {
  const started = await up(options);
  const { DATABASE_URL: url } = (await env(options)).variables;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const applied = started.deployment.steps.filter(({ action }) => action === "migrate" || action === "apply");
  const steps = await stepsOf(client, dir, applied);
  await client.end();
  // What it holds would keep the roles from being dropped.
  await rollback({ ...options, to: { kind: "all" }, confirm: () => Promise.resolve(true) });
  const maintenance = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: "/postgres" }).href });
  // The real error of a failed run is another one.
  maintenance.on("error", () => {});
  await maintenance.connect();
  const installed = installTools(work);
  const environment = cleanEnvironment(dir);
  const small = manySteps();
  const given = { environment, installed };
  const ofSet = toolsFor({ ...given, dir: join(work, "set"), steps, project: dir });
  const ofMany = toolsFor({
    ...given,
    dir: join(work, "many"),
    steps: small,
    project: manyProject(join(work, "p"), small),
  });
  const set = await measure(ofSet, maintenance, url);
  const thousand = await measure(ofMany, maintenance, url);
  await maintenance.end();
  printHead(`tm-db and others, ${rounds} rounds`, started.database.version);
  print(`the reference database (${steps.length} files), from empty`, set, "empty", "psql");
  print(`${many} small migrations, from empty`, thousand, "empty", "psql");
  print(`nothing to do at ${many} applied`, thousand, "nothing", "dbmate");
  print("the reference database, all back", set, "back", "psql");
  print(`${many} small migrations, all back`, thousand, "back", "psql");
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
}
