import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TmDbError } from "../core/errors.ts";

/** How PostgREST ended: one of the two is not null. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A PostgREST that this process started, and that ends with it. */
export interface RunningPostgrest {
  readonly ended: Promise<Ended>;
  /** Asks it to end, and does not ask any more after ten seconds. */
  stop(): Promise<Ended>;
}

const PATIENCE_MS = 10_000;
const POLL_MS = 100;

/**
 * The program: the one that was named, or `postgrest` on the PATH.
 * @throws TmDbError POSTGREST_MISSING with where to get one.
 */
export function findPostgrest(named: string | undefined, path: string | undefined): string {
  const name = named ?? "postgrest";
  const dirs = (path ?? "").split(delimiter).filter((dir) => dir !== "");
  const candidates = name.includes("/") ? [resolve(name)] : dirs.map((dir) => join(dir, name));
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  const what = name.includes("/") ? `${name} is not a program` : `no program \`${name}\` is on the PATH`;
  throw new TmDbError("POSTGREST_MISSING", what, {
    hint: "get one from https://github.com/PostgREST/postgrest/releases (or: brew install postgrest), then: npx tm-db postgrest run --bin <file>",
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Starts it with settings in its environment, where a process list does not show them. Its log, on either stream, goes to
 * stderr as it is.
 */
export function startPostgrest(program: string, env: Readonly<Record<string, string | undefined>>): RunningPostgrest {
  const [command, args] = endingWithUs(program, env);
  const child = spawn(command, args, { env: { ...env }, stdio: ["ignore", 2, 2] });
  // Whatever makes this process end without `stop`. PostgREST keeps nothing that an orderly end would save, and nobody is
  // left to wait for one.
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const ended = new Promise<Ended>((done, failed) => {
    child.once("error", (error) => {
      failed(
        new TmDbError("POSTGREST_MISSING", `cannot start ${program}: ${error.message}`, {
          hint: "name another program: npx tm-db postgrest run --bin <file>",
          cause: error,
        }),
      );
    });
    child.once("exit", (code, signal) => done({ code, signal }));
  }).finally(() => process.off("exit", endWithUs));
  // Whoever awaits it later gets the failure; until then it is not unhandled.
  ended.catch(() => {});
  return { ended, stop: async () => await stop(child, ended) };
}

/**
 * Of SIGKILL this process does not hear; where util-linux is there, the kernel then ends PostgREST (`PR_SET_PDEATHSIG`).
 * Other programs of that name do not know the option, so it is tried first.
 */
function endingWithUs(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): [command: string, args: string[]] {
  const guard = ["--pdeathsig", "TERM"];
  const { status } = spawnSync("setpriv", [...guard, "true"], { env: { ...env }, stdio: "ignore" });
  return status === 0 ? ["setpriv", [...guard, program]] : [program, []];
}

async function stop(child: ChildProcess, ended: Promise<Ended>): Promise<Ended> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the admin server's `/ready` says yes (PostgREST 10 and newer), or `signal` is aborted. */
export async function untilReady(adminUrl: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(`${adminUrl}/ready`, { signal }).catch(() => undefined);
    await answer?.body?.cancel().catch(() => undefined);
    if (answer?.status === 200) return;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
