import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { onTestFinished } from "vitest";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(REPOSITORY, "bin/tm-db.js");
/** The folder of a project, and what of it is copied. */
const SOURCES = {
  reference: { from: ".", names: ["migrations", "functions", "views", "policies", "seeds", "tm-db.config.json"] },
  supabase: { from: "test/projects/supabase", names: ["supabase", "tm-db.config.json"] },
  empty: { from: ".", names: [] },
} as const;

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProject {
  readonly dir: string;
  /** Runs the built command line in the project, without the caller's own database settings. */
  run(args: readonly string[], options?: RunOptions): Promise<CliRun>;
  /** The same, without waiting: to send it a signal. */
  start(
    args: readonly string[],
    options?: RunOptions,
  ): { readonly child: ChildProcess; readonly done: Promise<CliRun> };
  write(files: Readonly<Record<string, string>>): void;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** A project in a folder of its own, whose server and data go when the test ends. `bin`: another program than this one's. */
export function cliProject(source: keyof typeof SOURCES, bin = BIN): CliProject {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const home = mkdtempSync(join(base, "tm-db-cli-"));
  chmodSync(home, 0o755);
  const dir = join(home, "project");
  mkdirSync(dir);
  const { from, names } = SOURCES[source];
  for (const name of names) cpSync(join(REPOSITORY, from, name), join(dir, name), { recursive: true });
  if (source === "empty") mkdirSync(join(dir, "migrations"));
  const start: CliProject["start"] = (args, options = {}) =>
    startCli([bin, ...args], { ...options, cwd: dir, dataHome: join(home, "data") });
  const run: CliProject["run"] = async (args, options) => await start(args, options).done;
  onTestFinished(async () => {
    await run(["stop"]);
    rmSync(home, { recursive: true, force: true });
  });
  return {
    dir,
    run,
    start,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), text);
      }
    },
  };
}

function startCli(
  args: readonly string[],
  options: RunOptions & { readonly cwd: string; readonly dataHome: string },
): ReturnType<CliProject["start"]> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { PATH, HOME, TM_DB_DATA_HOME: options.dataHome, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const done = new Promise<CliRun>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, done };
}

/** The variables that `tm-db env` prints. */
export async function readEnv(project: CliProject): Promise<Record<string, string>> {
  const { stdout } = await project.run(["env", "--json"]);
  return (JSON.parse(stdout) as { readonly variables: Record<string, string> }).variables;
}

/** What `test` and `mutate` take away when they end: clones on the project's server, and sessions of runs. */
export async function leftBehind(project: CliProject): Promise<string[]> {
  const { DATABASE_URL = "" } = await readEnv(project);
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname ~ '^tm_db_test_.*_[0-9a-f]{8}(_|$)' " +
        "union all select application_name from pg_stat_activity where application_name like 'tm-db%'",
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
