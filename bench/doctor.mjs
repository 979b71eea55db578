// tm-db doctor: how long somebody at a terminal waits, beside `tm-db status` and the start of a process.
//
//   node bench/doctor.mjs [--pg 15|16|17|18] [--rounds 7]
//
// Whole processes on the reference database. What answers in PostgREST's place says 200 at once: its own time is not measured.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stop, up } from "../dist/index.js";
import { median, ms, printHead, printTable } from "./support/measure.mjs";
import { cleanEnvironment, copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: { pg: { type: "string", default: "18" }, rounds: { type: "string", default: "7" } },
});

const ANSWERS = `
  require("node:http")
    .createServer((request, response) => {
      response.setHeader("Server", "postgrest/14.0");
      response.end("{}");
    })
    .listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;

/** Milliseconds of a program that must succeed. */
function timeProgram(args, options) {
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { encoding: "utf8", ...options });
  const taken = performance.now() - start;
  if (error !== undefined || status !== 0) {
    throw new Error(`${args.join(" ")}: ${error?.message ?? `${stderr}${stdout}`}`);
  }
  return taken;
}

const dir = copyProject();
const options = optionsFor(dir, flags.pg);
const answering = spawn(process.execPath, ["-e", ANSWERS], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const [port] = await once(answering.stdout, "data");
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const { database } = await up(options);
  printHead("tm-db doctor", database.version);
  const cli = join(ROOT, "bin", "tm-db.js");
  const works = [
    ["node -e 0", ["-e", "0"], ""],
    ["status", [cli, "status"], ""],
    ["doctor", [cli, "doctor"], "1000"],
    ["doctor, with PostgREST", [cli, "doctor", "--postgrest-url", url, "--postgrest-admin-url", url], "1000"],
    ["doctor --drift", [cli, "doctor", "--drift"], ""],
  ];
  const taken = works.map(() => []);
  for (let round = 0; round <= Number(flags.rounds); round += 1) {
    for (const [at, [, args]] of works.entries()) {
      const time = timeProgram(args, { cwd: dir, env: cleanEnvironment(dir) });
      // The first round only warms up.
      if (round > 0) taken[at].push(time);
    }
  }
  printTable(
    ["waiting for", "ms", "bar, ms"],
    works.map(([name, , bar], at) => [name, ms(median(taken[at])), bar]),
  );
} finally {
  answering.kill();
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}
