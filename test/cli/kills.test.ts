import pg from "pg";
import { expect, test } from "vitest";
import { makeRandom } from "../db/random-project.ts";
import { type CliProject, cliProject, type CliRun, readEnv } from "./run-cli.ts";
import { type DatabaseState, differences, readState, runAndStrike, type Victim } from "./strike.ts";

/**
 * Whatever dies during a deployment or a rollback, and whenever: either all of it is there or nothing, and the next run
 * succeeds. TM_DB_KILLS=100 strikes a hundred times each at the command, at the server, and with Ctrl-C;
 * TM_DB_KILLS_SEED chooses other moments.
 */
const KILLS = Number(process.env["TM_DB_KILLS"] ?? 2);
const SEED = Number(process.env["TM_DB_KILLS_SEED"] ?? 1);
const SERVER: readonly Victim[] = ["the server", "the postmaster", "a process of the server"];
/** Each way, in half of the rounds of each project. */
const ROUNDS = 3 * Math.ceil(KILLS / 2);

/** Small, and many: what ends up in the middle of them is in the middle of the deployment. */
function manyMigrations(project: CliProject): CliProject {
  for (let number = 1; number <= 200; number += 1) {
    const table = `public.t${number}`;
    project.write({
      [`migrations/${String(number).padStart(4, "0")}_t${number}.sql`]:
        `-- Up Migration\ncreate table ${table} (id bigint primary key, note text not null default '');\n` +
        `comment on table ${table} is 'number ${number}';\n-- Down Migration\ndrop table ${table};\n`,
    });
  }
  return project;
}

interface Lab {
  readonly project: CliProject;
  readonly random: (below: number) => number;
  /** How long each command takes when nothing happens to it. */
  readonly ms: Record<"migrate" | "rollback", number>;
  readonly empty: DatabaseState;
  readonly built: DatabaseState;
  readonly told: string[];
}

const COMMANDS = { migrate: ["migrate"], rollback: ["rollback", "--all", "--yes"] } as const;

test.each([
  ["the reference database", 1, () => cliProject("reference")],
  ["200 migrations", 2, () => manyMigrations(cliProject("empty"))],
])(
  "%s: before or after, never between",
  async (name, shift, makeProject) => {
    const lab = await prepare(makeProject(), makeRandom(SEED * 1000 + shift));
    const seen = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const command = (round + shift) % 2 === 0 ? "rollback" : "migrate";
      const kind = round % 3 === 0 ? "command" : round % 3 === 1 ? "server" : "patience";
      const victim =
        kind === "command" ? "the command" : kind === "patience" ? kind : SERVER[lab.random(SERVER.length)];
      const outcome = await strikeOnce(lab, command, victim ?? "the server");
      const key = `${command}, ${kind}: ${outcome}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    await bringTo(lab, "built");
    await expectCatalog(lab.built, lab.project, "the end");
    if (ROUNDS > 10)
      process.stdout.write(
        `${[name, ...[...seen].toSorted().map(([key, count]) => `  ${key} ${count}`)].join("\n")}\n`,
      );
  },
  120_000 + ROUNDS * 10_000,
);

async function prepare(project: CliProject, random: Lab["random"]): Promise<Lab> {
  await succeed(project, ["migrate"]);
  const rollback = await timed(async () => await succeed(project, COMMANDS.rollback));
  const empty = await readState(project);
  const migrate = await timed(async () => await succeed(project, COMMANDS.migrate));
  const built = await readState(project);
  return { project, random, ms: { migrate, rollback }, empty, built, told: [] };
}

/** Brings the database to where the command starts, runs it, strikes, and looks. Returns which of the two states it is in. */
async function strikeOnce(lab: Lab, command: "migrate" | "rollback", victim: Victim): Promise<string> {
  const { project, random, ms } = lab;
  const start = command === "migrate" ? lab.empty : lab.built;
  await bringTo(lab, command === "migrate" ? "empty" : "built");
  const before = await expectCatalog(start, project, lab.told.at(-1) ?? "the start");
  const afterMs = (0.15 + random(1000) / 1000) * ms[command];
  lab.told.push(`${command}, ${victim} struck after ${Math.round(afterMs)} of ${Math.round(ms[command])} ms`);
  const run = await runAndStrike(project, COMMANDS[command], { victim, afterMs, random });
  // Starts the server where it is gone, and writes nothing.
  await succeed(project, ["migrate", "--dry-run"]);
  const now = await readState(project);
  const reached = command === "migrate" ? lab.built : lab.empty;
  const after = { catalog: reached.catalog, ledger: { ...reached.ledger, deployments: before.ledger.deployments + 1 } };
  const [fromBefore, fromAfter] = [await differences(before, now), await differences(after, now)];
  const outcome = fromBefore.length === 0 ? "before" : fromAfter.length === 0 ? "after" : "between";
  const story = [
    lab.told.at(-1),
    run.stderr,
    "from before:",
    ...fromBefore.slice(0, 5),
    "from after:",
    ...fromAfter.slice(0, 5),
  ].join("\n");
  expect(outcome, story).not.toBe("between");
  expectTrueAnswer(run, outcome, { victim, story });
  return `${outcome}, exit ${run.code ?? "none"}`;
}

/** What the command said must be what is there. */
function expectTrueAnswer(
  run: CliRun,
  outcome: string,
  told: { readonly victim: Victim; readonly story: string },
): void {
  if (run.code === 0) return expect(outcome, told.story).toBe("after");
  switch (told.victim) {
    case "the command":
      return expect(run.code, told.story).toBeNull();
    case "patience":
      if (run.code === 130) return expect(outcome, told.story).toBe("before");
      // Before the program is loaded, and when all is said and done, the signal ends Node itself.
      return expect({ code: run.code, outcome, stderr: run.stderr }, told.story).toEqual({
        code: null,
        outcome: run.stdout === "" ? "before" : "after",
        stderr: "",
      });
    default:
      return expect({ code: run.code, stderr: run.stderr }, told.story).toEqual({
        code: 2,
        stderr: expect.stringMatching(/CONNECTION_LOST|CONNECTION_REFUSED|SERVER_NOT_RUNNING/),
      });
  }
}

/**
 * The next run after a strike succeeds, from wherever it begins. How long it takes says when to strike next: the machine
 * may be busier than before. Sometimes the ledger goes too, as before the first deployment.
 */
async function bringTo(lab: Lab, wanted: "empty" | "built"): Promise<void> {
  const { project, random, ms } = lab;
  const isEmpty = (await readState(project)).ledger.files === 0;
  const command = wanted === "built" ? "migrate" : "rollback";
  const isThere = isEmpty === (wanted === "empty");
  const taken = isThere ? undefined : await timed(async () => await succeed(project, COMMANDS[command]));
  if (taken !== undefined) ms[command] = taken;
  if (wanted === "empty" && random(2) === 0) await forgetLedger(project);
}

async function expectCatalog(expected: DatabaseState, project: CliProject, when: string): Promise<DatabaseState> {
  const state = await readState(project);
  expect(await differences({ catalog: expected.catalog, ledger: state.ledger }, state), when).toEqual([]);
  return state;
}

async function forgetLedger(project: CliProject): Promise<void> {
  const { DATABASE_URL } = await readEnv(project);
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  await client.query("drop schema if exists tm_db cascade");
  await client.end();
}

async function succeed(project: CliProject, args: readonly string[]): Promise<void> {
  const { code, stderr } = await project.run(args);
  expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
