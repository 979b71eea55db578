import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TmDbError } from "../core/errors.ts";
import { writeError } from "./file-error.ts";
import { commandLine, isAlive } from "./process-identity.ts";
import { keepOwner } from "./state-file.ts";
import type { SystemUser } from "./unprivileged-user.ts";

/** A server process that runs on a data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it accepts connections already. */
  readonly isReady: boolean;
}

const POLL_MS = 4;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 60_000;
const LEFTOVERS_TIMEOUT_MS = 10_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const TAIL_LINES = 15;

/**
 * The server of a data directory, by its `postmaster.pid`; undefined when none runs, also when that file is stale and
 * its number belongs to another process now. `formerDir` is where the folder was before a move.
 */
export function runningPostmaster(dataDir: string, formerDir?: string): Postmaster | undefined {
  const file = readPidFile(dataDir);
  if (file === undefined || !isAlive(file.pid) || !holds(file.pid, dataDir, formerDir)) return undefined;
  return file;
}

/** Whether `postmaster.pid` is there: a server runs, or one did not end in order. */
export function hasPidFile(dataDir: string): boolean {
  return readPidFile(dataDir) !== undefined;
}

export interface PostmasterStart {
  readonly postgres: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly logFile: string;
  /** Undefined: as the user of this process. */
  readonly user: SystemUser | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type StartOutcome = Ready | { readonly kind: "port-taken" };

/** The server accepts connections on `port`, which is another one where somebody else has started it. */
interface Ready {
  readonly kind: "ready";
  readonly port: number;
}

/**
 * Starts the server, as `pg_ctl start` does (a session of its own, no terminal, output to the log), and waits until it
 * accepts connections. That a port is taken is a value; any other failure is SERVER_START_FAILED with the end of the
 * log, or DISK_FULL.
 */
export async function startPostmaster(start: PostmasterStart): Promise<StartOutcome> {
  removeStalePidFile(start.dataDir);
  const deadline = Date.now() + LEFTOVERS_TIMEOUT_MS;
  for (;;) {
    const attempt = await startOnce(start);
    if (attempt.kind === "ready") return attempt;
    if (PORT_TAKEN.test(attempt.log)) return { kind: "port-taken" };
    // A command that was killed had just started one, which takes hold of the folder only now.
    const isTaken = FOLDER_TAKEN.test(attempt.log);
    const other = isTaken ? await waitUntilReady(start.dataDir, start.signal) : undefined;
    if (other !== undefined) return { kind: "ready", port: other.port };
    // The processes of a killed server need a moment to notice that it is gone.
    const isMomentary = isTaken || LEFTOVERS.test(attempt.log);
    if (!isMomentary || Date.now() > deadline) throw startError(start, attempt.log);
    await pause(POLL_MS * 10);
  }
}

/** The server runs with `LC_ALL=C`, so these are the only words it has for them. */
const PORT_TAKEN = /could not bind IPv4 address .*(Address already in use|Permission denied)/;
const FOLDER_TAKEN = /lock file "postmaster\.pid" (already exists|is empty)/;
const LEFTOVERS = /pre-existing shared memory block .* is still in use/;

/** Waits until a server that somebody else started accepts connections. */
export async function waitUntilReady(dataDir: string, signal?: AbortSignal): Promise<Postmaster | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const postmaster = runningPostmaster(dataDir);
    if (postmaster === undefined || postmaster.isReady) return postmaster;
    throwIfInterrupted(signal);
    await pause(POLL_MS);
  }
  return undefined;
}

/**
 * Stops a server as `pg_ctl stop -m fast` does: open transactions are rolled back, the data is written. Resolves when
 * the process is gone. One that does not stop within a minute is ended at once, and recovers at its next start.
 */
export async function stopPostmaster(pid: number): Promise<void> {
  kill(pid, "SIGINT");
  if (await isGone(pid, STOP_TIMEOUT_MS)) return;
  kill(pid, "SIGQUIT");
  if (await isGone(pid, STOP_TIMEOUT_MS)) return;
  throw new TmDbError("SERVER_START_FAILED", `the server (process ${pid}) does not stop`, { hint: `kill -9 ${pid}` });
}

async function isGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return;
    throw new TmDbError("PERMISSION_DENIED", `the server (process ${pid}) belongs to another user`, {
      hint: "run tm-db as the user who started it",
      cause: error,
    });
  }
}

/** https://www.postgresql.org/docs/current/storage-file-layout.html, src/include/utils/pidfile.h */
function readPidFile(dataDir: string): Postmaster | undefined {
  let lines: readonly string[];
  try {
    lines = readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  // A server for itself alone (single-user mode) writes its number negated.
  const pid = Math.abs(Number.parseInt(lines[0] ?? "", 10));
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined;
  return { pid, port: Number.parseInt(lines[3] ?? "", 10) || 0, isReady: lines[7]?.trim() === "ready" };
}

/** A server's working directory is its data directory, which follows a move; elsewhere its command line has to do. */
function holds(pid: number, dataDir: string, formerDir: string | undefined): boolean {
  if (process.platform === "linux") {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === dataDir;
    } catch {
      // Another user's process: its command line can be read all the same.
    }
  }
  const command = commandLine(pid) ?? "";
  return [dataDir, formerDir].some((dir) => dir !== undefined && command.includes(`postgres -D ${dir} `));
}

/**
 * PostgreSQL takes a `postmaster.pid` for its own when any process has that number, which after a reboot may be a
 * stranger. Called when no server holds the folder.
 */
function removeStalePidFile(dataDir: string): void {
  if (hasPidFile(dataDir) && runningPostmaster(dataDir) === undefined)
    rmSync(join(dataDir, "postmaster.pid"), { force: true });
}

type Attempt = Ready | { readonly kind: "failed"; readonly log: string };

async function startOnce(start: PostmasterStart): Promise<Attempt> {
  const log = openLog(start.logFile);
  let child: ChildProcess;
  let failure: Error | undefined;
  try {
    child = spawn(start.postgres, ["-D", start.dataDir, "-c", `config_file=${start.configFile}`], {
      // A session of its own: Ctrl-C in the terminal goes to the command's process group and must not stop the server.
      detached: true,
      // Nothing of the command's own: a pipeline that it stands in has to end.
      stdio: ["ignore", log.descriptor, log.descriptor],
      cwd: "/",
      env: serverEnvironment(),
      ...(start.user === undefined ? {} : { uid: start.user.uid, gid: start.user.gid }),
    });
    child.on("error", (error) => {
      failure = error;
    });
    child.unref();
  } catch (error) {
    throw spawnError(start.postgres, error);
  } finally {
    closeSync(log.descriptor);
  }
  const deadline = Date.now() + START_TIMEOUT_MS;
  const readLog = (): string => readFrom(start.logFile, log.size);
  for (;;) {
    if (failure !== undefined) throw spawnError(start.postgres, failure);
    const postmaster = readPidFile(start.dataDir);
    if (postmaster?.isReady === true && postmaster.pid === child.pid) return { kind: "ready", port: postmaster.port };
    if (child.exitCode !== null || child.signalCode !== null) return { kind: "failed", log: readLog() };
    if (start.signal?.aborted === true || Date.now() > deadline) {
      if (child.pid !== undefined) await stopPostmaster(child.pid);
      throwIfInterrupted(start.signal);
      return { kind: "failed", log: readLog() };
    }
    await pause(POLL_MS);
  }
}

/** Only what a server needs: a PG… variable or a library path of the command's environment could change what runs. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  return { PATH: PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", ...(TMPDIR === undefined ? {} : { TMPDIR }) };
}

/** A file without execute permission, a missing loader (musl), an account that cannot be switched to. */
export function spawnError(program: string, error: unknown): TmDbError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: `the programs need glibc, which this system (Alpine?) does not have`,
    EPERM: "this process may not start programs as another user",
    EINVAL: "this process may not start programs as another user",
  };
  return new TmDbError("SERVER_START_FAILED", `cannot run ${basename(program)}`, {
    detail: [reasons[code ?? ""], message].filter((line) => line !== undefined).join("\n"),
    hint: "use a server of your own: --database-url postgres://…",
    cause: error,
  });
}

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new TmDbError("INTERRUPTED", "interrupted; the next `tm-db up` goes on from here");
}

function startError(start: PostmasterStart, log: string): TmDbError {
  if (log.includes("No space left on device")) {
    return new TmDbError("DISK_FULL", "the embedded server does not start: the disk is full", {
      detail: tail(log),
      hint: "free some space and run the command again",
    });
  }
  return new TmDbError("SERVER_START_FAILED", "the embedded server does not start", {
    detail: tail(log),
    hint: `read ${start.logFile}; with \`npx tm-db stop\` and without ${dirname(start.logFile)} the next start begins anew`,
  });
}

function tail(log: string): string {
  return log.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}

/** A log that has grown large makes room for a new one, once: `<log>.1` is the one before. */
function openLog(file: string): { readonly descriptor: number; readonly size: number } {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
    const descriptor = openSync(file, "a", 0o600);
    keepOwner(file, dirname(file));
    return { descriptor, size: fstatSync(descriptor).size };
  } catch (error) {
    throw writeError(file, error);
  }
}

function readFrom(file: string, offset: number): string {
  try {
    return readFileSync(file).subarray(offset).toString("utf8");
  } catch {
    return "";
  }
}
