// What it costs to damage the reference database in every way and run its policy tests: damages and runs of test files per
// second, beside the suite alone.
//
//   node bench/mutate.mjs [--pg 15|16|17|18] [--jobs 1,2]
import { cpSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutate, stop, test, up } from "../dist/index.js";
import { ms, printHead, printTable, time } from "./support/measure.mjs";
import { copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: { pg: { type: "string", default: "18" }, jobs: { type: "string", default: "1,2" } },
});

const dir = copyProject();
cpSync(join(ROOT, "test/policies"), join(dir, "test/policies"), { recursive: true });
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
try {
  const { database } = await up(options);
  printHead(`Damages, ${availableParallelism()} processors`, database.version);
  await test(options);
  const rows = [];
  for (const jobs of flags.jobs.split(",").map(Number)) {
    const suite = await time(async () => await test({ ...options, jobs }));
    const { mutants, counts, score, fileRuns, ms: taken } = await mutate({ ...options, jobs });
    const perSecond = (count) => ((count * 1000) / taken).toFixed(1);
    const memory = Math.round(process.resourceUsage().maxRSS / 1024);
    rows.push([
      `${jobs} job(s)`,
      ms(suite),
      ms(taken),
      mutants.length,
      perSecond(mutants.length),
      perSecond(fileRuns),
      `${score} %`,
      counts.equivalent,
      memory,
    ]);
  }
  printTable(
    ["", "suite, ms", "mutate, ms", "damages", "a second", "file runs a second", "score", "equivalent", "memory, MB"],
    rows,
  );
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}
