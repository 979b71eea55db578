// Policy tests: tm-db test against pg_prove on the same files, the same PostgreSQL, in the same run.
//
//   node bench/policytest.mjs [--pg 15|16|17|18] [--rounds 5] [--files 20,200] [--jobs 1,2,4]
//
// Whole processes, from start to end. pg_prove (Debian: libtap-parser-sourcehandler-pgtap-perl) runs on a database that
// was made of tm-db's template beforehand, so both have the same pgTAP; it gets PostgreSQL's own psql (`pg_config
// --bindir`), since Debian's /usr/bin/psql is a wrapper in Perl. Without either of them its rows are missing.
//
// Then `tm-db test --watch` on the project's own tests: from saving a file to the result on the screen.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { env, stop, test, up } from "../dist/index.js";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { cleanEnvironment, copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "15" },
    rounds: { type: "string", default: "5" },
    files: { type: "string", default: "20,200" },
    jobs: { type: "string", default: "1,2,4" },
  },
});
const rounds = Number(flags.rounds);
const numbers = (text) => text.split(",").map(Number);
const CLI = join(ROOT, "bin", "tm-db.js");

/** Twenty assertions of four kinds, as a file of pgTAP has them. */
function testFile(number) {
  const kinds = [
    (n) => `select is(${n}, ${n}, 'file ${number}: ${n} is itself');`,
    (n) => `select ok(true, 'file ${number}: ${n} holds');`,
    (n) => `select results_eq('select ${n}', array[${n}], 'file ${number}: rows of ${n}');`,
    (n) => `select throws_ok('select ${n} / 0', '22012', null, 'file ${number}: ${n} by nothing');`,
  ];
  const assertions = Array.from({ length: 20 }, (_, n) => kinds[n % kinds.length](n));
  return ["begin;", "select plan(20);", ...assertions, "select * from finish();", "rollback;", ""].join("\n");
}

function writeTests(dir, count) {
  const folder = join(dir, "test/policies");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, number) => {
    const path = `test/policies/file_${String(number).padStart(4, "0")}.sql`;
    writeFileSync(join(dir, path), testFile(number));
    return path;
  });
}

/** Milliseconds of a program that must succeed. */
function timeProgram(file, args, options) {
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8", ...options });
  const taken = performance.now() - start;
  if (error !== undefined || status !== 0)
    throw new Error(`${file} ${args.slice(0, 3).join(" ")}: ${error?.message ?? stderr + stdout}`);
  return taken;
}

function findPsql() {
  try {
    const bin = execFileSync("pg_config", ["--bindir"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return existsSync(join(bin, "psql")) ? bin : undefined;
  } catch {
    return undefined;
  }
}

function hasPgProve() {
  return spawnSync("pg_prove", ["--version"]).status === 0;
}

/** A database for pg_prove, made of the template that tm-db has built. */
async function databaseForPgProve(url, template) {
  const client = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: "/postgres" }).href });
  await client.connect();
  await client.query("drop database if exists for_pg_prove");
  await client.query(`create database for_pg_prove template ${template}`);
  await client.query('alter database for_pg_prove set search_path = "$user", public, pgtap');
  await client.end();
}

function proveEnvironment(dir, url, bin) {
  const { hostname, port, username, password } = new URL(url);
  return {
    ...cleanEnvironment(dir),
    PATH: `${bin}:${process.env.PATH}`,
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: "for_pg_prove",
  };
}

async function dropTemplate(url, template) {
  const client = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: "/postgres" }).href });
  await client.connect();
  await client.query(`drop database ${template}`);
  await client.end();
}

/** Programs take turns, so that whatever else the machine does falls on all of them. */
function measure(works) {
  for (const { run } of works) run();
  const taken = works.map(() => []);
  for (let round = 0; round < rounds; round += 1) for (const [at, { run }] of works.entries()) taken[at].push(run());
  return taken.map(median);
}

async function compare(dir, options, { count, prove }) {
  const paths = writeTests(dir, count);
  const { template } = await test(options);
  const { variables } = await env(options);
  const url = variables.DATABASE_URL;
  const own = (...args) =>
    timeProgram(process.execPath, [CLI, "test", "--quiet", ...args], { cwd: dir, env: cleanEnvironment(dir) });
  const works = [
    { name: "tm-db test", run: () => own() },
    ...numbers(flags.jobs).map((jobs) => ({
      name: `tm-db test --jobs ${jobs}`,
      run: () => own("--jobs", String(jobs)),
    })),
  ];
  if (prove !== undefined) {
    await databaseForPgProve(url, template.name);
    const proveEnv = proveEnvironment(dir, url, prove);
    for (const jobs of numbers(flags.jobs)) {
      const run = () => timeProgram("pg_prove", [`-j${jobs}`, ...paths], { cwd: dir, env: proveEnv });
      works.push({ name: `pg_prove -j${jobs}`, run });
    }
  }
  const taken = measure(works);
  const cold = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    await dropTemplate(url, template.name);
    cold.push(own());
  }
  const bar = taken[works.findIndex(({ name }) => name === "pg_prove -j2")];
  const row = (name, value) => [name, ms(value), ms(value / count), bar === undefined ? "" : ratio(value / bar)];
  printTable(
    [`${count} files of 20 assertions`, "ms", "ms a file", "of pg_prove -j2"],
    [...works.map(({ name }, at) => row(name, taken[at])), row("tm-db test, no template yet", median(cold))],
  );
}

/** Milliseconds from saving each path, `rounds` times, to the summary on the screen; nothing else happens meanwhile. */
async function timeWatch(dir, paths) {
  const child = spawn(process.execPath, [CLI, "test", "--watch"], { cwd: dir, env: cleanEnvironment(dir) });
  let heard = () => {};
  child.stdout.on("data", (text) => {
    if (/^(passed|failed): /m.test(text)) heard(performance.now());
  });
  const result = () => new Promise((resolve) => (heard = resolve));
  // Databases for the next run are made while nobody waits.
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2_000));
  await result();
  const rows = [];
  for (const path of paths) {
    const text = readFileSync(join(dir, path), "utf8");
    const taken = [];
    for (let round = 0; round < rounds; round += 1) {
      await pause();
      const next = result();
      const savedAt = performance.now();
      writeFileSync(join(dir, path), `${text}-- ${round}\n`);
      taken.push((await next) - savedAt);
    }
    rows.push([path, ms(median(taken))]);
  }
  child.kill("SIGINT");
  return rows;
}

const dir = copyProject();
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
try {
  const { database } = await up(options);
  const bin = findPsql();
  const prove = bin !== undefined && hasPgProve() ? bin : undefined;
  printHead(`Policy tests, ${rounds} rounds, ${availableParallelism()} processors`, database.version);
  if (prove === undefined) console.log("Skipped: pg_prove. Install it, and PostgreSQL's client with its pg_config.\n");
  for (const count of numbers(flags.files)) await compare(dir, options, { count, prove });
  rmSync(join(dir, "test/policies"), { recursive: true, force: true });
  cpSync(join(ROOT, "test/policies"), join(dir, "test/policies"), { recursive: true });
  const whole = timeProgram(process.execPath, [CLI, "test"], { cwd: dir, env: cleanEnvironment(dir) });
  const saved = ["test/policies/comments.sql", "policies/api/comments.sql", "functions/api/assign_task.sql"];
  printTable(
    ["saved under tm-db test --watch", "ms"],
    [...(await timeWatch(dir, saved)), ["(tm-db test, no template yet)", ms(whole)]],
  );
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}
