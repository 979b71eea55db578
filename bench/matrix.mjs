// The access matrix of the reference database: the whole command, beside the policy tests on the same template, and with
// more rows in the fixtures.
//
//   node bench/matrix.mjs [--pg 15|16|17|18] [--rounds 5] [--rows 100,1000]
//
// Whole processes, from start to end. "Memory" is the most that the process of the command held (VmHWM), which does not
// count PostgreSQL's.
import { spawn } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stop, up } from "../dist/index.js";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { cleanEnvironment, copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    rounds: { type: "string", default: "5" },
    rows: { type: "string", default: "100,1000" },
  },
});
const rounds = Number(flags.rounds);

/** Runs the command line; answers milliseconds, the most memory in MB, and what it printed. */
async function run(dir, args) {
  const start = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "bin/tm-db.js"), ...args], {
    cwd: dir,
    env: cleanEnvironment(dir),
  });
  let stdout = "";
  let memory = 0;
  child.stdout.on("data", (text) => (stdout += text));
  const timer = setInterval(() => (memory = Math.max(memory, peakOf(child.pid))), 20);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`tm-db ${args.join(" ")} ended with ${code}: ${stdout}`);
  return { ms: performance.now() - start, memory, stdout };
}

function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function repeated(dir, args) {
  const runs = [];
  for (let round = 0; round <= rounds; round += 1) runs.push(await run(dir, args));
  return { ms: median(runs.slice(1).map((each) => each.ms)), memory: Math.max(...runs.map((each) => each.memory)) };
}

const dir = copyProject();
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
const more = join(dir, "test/policies/_more.sql");
const fixtures = (count) =>
  `insert into api.tasks (title, project_id, created_by)\nselect 'Task ' || n, tests.project('Apollo'), tests.id('Cora')\nfrom generate_series(1, ${count}) as n;\n`;
try {
  cpSync(join(ROOT, "test/policies"), join(dir, "test/policies"), { recursive: true });
  await up(options);
  printHead(`The access matrix, PostgreSQL ${flags.pg}`);

  const cold = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    writeFileSync(more, `-- Another template: ${round}\nselect 1;\n`);
    cold.push((await run(dir, ["matrix"])).ms);
  }
  rmSync(more);
  await run(dir, ["matrix"]);
  const [tests, warm] = [await repeated(dir, ["test"]), await repeated(dir, ["matrix", "--check"])];
  const row = (what, taken, memory) => [
    what,
    ms(taken),
    ratio(taken / tests.ms),
    memory === undefined ? "" : `${Math.round(memory)} MB`,
  ];
  printTable(
    ["", "ms", "of tm-db test", "memory"],
    [
      row("tm-db test, template there", tests.ms, tests.memory),
      row("tm-db matrix --check, template there", warm.ms, warm.memory),
      row("tm-db matrix, template built", median(cold)),
    ],
  );

  const table = [];
  for (const count of flags.rows.split(",").map(Number)) {
    writeFileSync(more, fixtures(count));
    await run(dir, ["matrix"]);
    const taken = await repeated(dir, ["matrix", "--check"]);
    table.push([String(count), ms(taken.ms), ratio(taken.ms / warm.ms), `${Math.round(taken.memory)} MB`]);
  }
  printTable(["tasks more in the fixtures", "ms", "of none more", "memory"], table);
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}
