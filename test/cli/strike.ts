import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { connectionSpecFromUrl } from "../../src/server/url.ts";
import { runningPostmaster } from "../../src/server/postmaster.ts";
import { type Catalog, compareCatalogs, readCatalog } from "../../src/schema/catalog.ts";
import { type CliProject, type CliRun, readEnv } from "./run-cli.ts";

/** What a run of the command line may lose halfway. */
export type Victim = "the command" | "the server" | "the postmaster" | "a process of the server" | "patience";

/** The state of a project's database, as far as a deployment can change it. */
export interface DatabaseState {
  readonly catalog: Catalog;
  readonly ledger: Ledger;
}

/** How many rows the ledger's tables hold; all 0 where there is no ledger. */
export interface Ledger {
  readonly deployments: number;
  readonly migrations: number;
  readonly files: number;
}

/** Runs a command line, and strikes the victim after some milliseconds. Rejects if the command does not come to an end. */
export async function runAndStrike(
  project: CliProject,
  args: readonly string[],
  strike: { readonly victim: Victim; readonly afterMs: number; readonly random: (below: number) => number },
): Promise<CliRun> {
  const { child, done } = project.start(args);
  await new Promise((resolve) => setTimeout(resolve, strike.afterMs));
  switch (strike.victim) {
    case "the command":
      child.kill("SIGKILL");
      break;
    case "patience":
      child.kill(strike.random(2) === 0 ? "SIGINT" : "SIGTERM");
      break;
    default:
      killServer(project, strike.victim, strike.random);
  }
  return await within(20_000, done, `tm-db ${args.join(" ")} to end after ${strike.victim} was struck`);
}

function killServer(
  project: CliProject,
  victim: Exclude<Victim, "the command" | "patience">,
  random: (below: number) => number,
): void {
  const postmaster = postmasterOf(project);
  const children = childrenOf(postmaster);
  if (victim === "the postmaster") kill(postmaster);
  else if (victim === "the server") for (const pid of [postmaster, ...children]) kill(pid);
  else kill(children[random(children.length)] ?? postmaster);
}

function postmasterOf(project: CliProject): number {
  const { clusters, major } = JSON.parse(readFileSync(join(project.dir, ".tm-db/state.json"), "utf8")) as {
    readonly clusters: string;
    readonly major: number;
  };
  const postmaster = runningPostmaster(join(clusters, `pg${major}`));
  if (postmaster === undefined) throw new Error("there is no server to kill");
  return postmaster.pid;
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, of]) => (of === parent ? [pid ?? 0] : []));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** What is there now, once the server has noticed that nobody is at the other end of its connections any more. */
export async function readState(project: CliProject): Promise<DatabaseState> {
  const { DATABASE_URL = "" } = await readEnv(project);
  return await within(20_000, settledState(DATABASE_URL), "the server to let go of the deployment");
}

async function settledState(url: string): Promise<DatabaseState> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    while (await holdsSomething(client)) await new Promise((resolve) => setTimeout(resolve, 10));
    const ledger = await readLedger(client);
    return { catalog: await readCatalog(connectionSpecFromUrl(url, "DATABASE_URL", {})), ledger };
  } finally {
    await client.end();
  }
}

/** Whether another session is open, or an advisory lock held: the deployment's lock is one. */
async function holdsSomething(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    `select exists (
       select from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
     )
     or exists (
       select from pg_locks
       where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
     ) as held`,
  );
  return rows[0]?.held === true;
}

async function readLedger(client: pg.Client): Promise<Ledger> {
  const { rows: found } = await client.query<{ exists: boolean }>(
    "select to_regnamespace('tm_db') is not null as exists",
  );
  if (found[0]?.exists !== true) return { deployments: 0, migrations: 0, files: 0 };
  const { rows } = await client.query<Ledger>(
    `select
       (select count(*)::int from tm_db.deployments) as deployments,
       (select count(*)::int from tm_db.migrations) as migrations,
       (select count(*)::int from tm_db.files) as files`,
  );
  return rows[0] ?? { deployments: 0, migrations: 0, files: 0 };
}

/** Whether two states are the same: empty, or a line for each difference. */
export async function differences(expected: DatabaseState, actual: DatabaseState): Promise<string[]> {
  const catalogs = await compareCatalogs(expected.catalog, actual.catalog);
  const ledgers = [expected.ledger, actual.ledger].map((ledger) => JSON.stringify(ledger));
  return [
    ...catalogs.map(({ kind, object, detail }) => `${kind} ${object} ${detail}`),
    ...(ledgers[0] === ledgers[1] ? [] : [`ledger: ${ledgers.join(" → ")}`]),
  ];
}

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1000} s for ${what}`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
