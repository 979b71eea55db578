import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedPackages } from "../../src/server/binaries.ts";
import { type EmbeddedServer, startEmbedded, stopEmbedded } from "../../src/server/embedded.ts";
import { runningPostmaster } from "../../src/server/postmaster.ts";
import { EMBEDDED_MAJORS } from "../../src/server/state-file.ts";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PREFIX = "tm-db-reference-";

/** A server that nobody will miss, with an empty database. */
export interface ThrowawayServer {
  readonly server: EmbeddedServer;
  /** Stops it and removes all that it wrote. Happens by itself when the process ends first. */
  readonly dispose: () => Promise<void>;
}

/** Starts a server of a major version; rejects with SERVER_BINARIES_MISSING when its programs are not installed. */
export async function startThrowawayServer(wanted: string, database: string): Promise<ThrowawayServer> {
  const major = EMBEDDED_MAJORS.find((known) => String(known) === wanted);
  if (major === undefined) throw new Error(`TM_DB_TEST_PG=${wanted} is none of ${EMBEDDED_MAJORS.join(", ")}`);
  const base = temporaryBase();
  removeServers(base, (pid) => !isAlive(pid));
  const home = mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  // Under root the server runs as another user, who must get through.
  chmodSync(home, 0o755);
  const projectDir = join(home, `pg${major}`);
  mkdirSync(projectDir);
  // Those of worker threads too: they hear nothing of the end of the process.
  const removeAll = (): void => removeServers(base, (pid) => pid === process.pid);
  const endOnSignal = (): void => process.exit(130);
  process.once("exit", removeAll);
  for (const signal of SIGNALS) process.once(signal, endOnSignal);
  const dispose = async (): Promise<void> => {
    await stopEmbedded({ projectDir });
    removeServer(home);
    process.off("exit", removeAll);
    for (const signal of SIGNALS) process.off(signal, endOnSignal);
  };
  try {
    const dataHome = join(home, "data");
    const server = await startEmbedded({
      projectDir,
      major,
      database,
      durable: false,
      dataHome,
      resolvePackage: installedPackages(REPOSITORY),
    });
    return { server, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Unhandled, they would end the process without its `exit` event. On a terminal vitest itself handles Ctrl-C. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Memory where there is some: the data of these servers is worth nothing tomorrow. */
function temporaryBase(): string {
  return statSync("/dev/shm", { throwIfNoEntry: false })?.isDirectory() === true ? "/dev/shm" : tmpdir();
}

/** A server's folder names the process that started it: a run that was killed outright is cleared away by the next. */
function removeServers(base: string, ofProcess: (pid: number) => boolean): void {
  for (const name of readdirSync(base)) {
    const pid = name.startsWith(PREFIX) ? Number(/^(\d+)-/.exec(name.slice(PREFIX.length))?.[1]) : Number.NaN;
    if (Number.isInteger(pid) && ofProcess(pid)) removeServer(join(base, name));
  }
}

function removeServer(home: string): void {
  for (const dataDir of dataDirs(home)) killServer(dataDir);
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** `data/<project>/pg<major>` below a server's folder, where a server runs. */
function dataDirs(home: string): string[] {
  try {
    return readdirSync(join(home, "data"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("postmaster.pid"))
      .map((path) => join(home, "data", path, ".."));
  } catch {
    return [];
  }
}

/** At once, and without a chance to write anything: the data goes too. */
function killServer(dataDir: string): void {
  const postmaster = runningPostmaster(dataDir);
  if (postmaster === undefined) return;
  try {
    process.kill(postmaster.pid, "SIGQUIT");
  } catch {
    // It ended by itself.
  }
}
