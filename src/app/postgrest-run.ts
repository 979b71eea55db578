import { describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { withClient } from "../db/client.ts";
import { environment, listening, optionsOfEnvironment } from "../postgrest/config.ts";
import { type Ended, findPostgrest, type RunningPostgrest, startPostgrest, untilReady } from "../postgrest/process.ts";
import { isFree } from "../server/free-port.ts";
import { type CommandOptions, openProject, openTarget, type Project, type Target } from "./context.ts";
import { readPostgrestConfig } from "./postgrest-config.ts";

export interface PostgrestRunOptions extends CommandOptions {
  /** The program; without it POSTGREST_BIN, and then `postgrest` on the PATH. */
  readonly bin?: string | undefined;
  /** Instead of `server-port`; the admin server then has the port after it. */
  readonly port?: number | undefined;
  /** How long it may take to be ready; a minute if not given. */
  readonly readyTimeoutMs?: number | undefined;
}

const READY_TIMEOUT_MS = 60_000;

/**
 * Runs PostgREST on the project's database until `signal` is aborted, and ends it then.
 * @throws TmDbError INTERRUPTED at the end, which has no other; POSTGREST_MISSING; POSTGREST_FAILED.
 */
export async function postgrestRun(options: PostgrestRunOptions): Promise<never> {
  const project = withOwnOptions(openProject(options), options);
  const named = options.bin ?? options.env["POSTGREST_BIN"];
  const program = findPostgrest(named === "" ? undefined : named, options.env["PATH"]);
  const target = await openTarget(project, "must-run");
  const config = await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await readPostgrestConfig(client, project, target);
  });
  const at = listening(config);
  await refuseTakenPorts(at.ports);
  options.onEvent({ kind: "postgrest-starting", program });
  const running = startPostgrest(program, { ...inherited(options.env, target), ...environment(config) });
  try {
    await becomeReady(running, at.admin, options);
    options.onEvent({ kind: "postgrest-ready", url: at.api, database: describeConnection(target.connection) });
    return await untilTheEnd(running, options.signal);
  } finally {
    await running.stop();
  }
}

/** Flags beat the environment, and that the project's settings. */
function withOwnOptions(project: Project, { env, port }: PostgrestRunOptions): Project {
  // Together, since PostgREST refuses to have one port for both.
  const ports = port === undefined ? {} : { "server-port": port, "admin-server-port": port + 1 };
  const postgrest = { ...project.config.postgrest, ...optionsOfEnvironment(env), ...ports };
  return { ...project, config: { ...project.config, postgrest } };
}

/** Somebody else's PostgREST must not be taken for the one that was started. */
async function refuseTakenPorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    if (await isFree(port)) continue;
    throw new TmDbError("POSTGREST_FAILED", `port ${port} of this machine is taken by another program`, {
      hint: `npx tm-db postgrest run --port ${port + 100}   (the admin server takes the port after it)`,
    });
  }
}

/** What the owner of the database needs is not PostgREST's to know. */
function inherited(env: CommandOptions["env"], target: Target): Readonly<Record<string, string | undefined>> {
  const isOwners = (name: string): boolean =>
    name === "DATABASE_URL" ||
    name.startsWith("TM_DB_") ||
    (name === "PGPASSWORD" && target.authenticatorPassword !== undefined);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOwners(name)));
}

async function becomeReady(
  running: RunningPostgrest,
  adminUrl: string,
  { readyTimeoutMs = READY_TIMEOUT_MS, signal }: PostgrestRunOptions,
): Promise<void> {
  const waiting = new AbortController();
  const timer = AbortSignal.timeout(readyTimeoutMs);
  const until = AbortSignal.any([waiting.signal, timer, ...(signal === undefined ? [] : [signal])]);
  try {
    const ended = await Promise.race([running.ended, untilReady(adminUrl, until)]);
    if (ended !== undefined) throw endedByItself(ended, "before it was ready");
    if (timer.aborted && signal?.aborted !== true) {
      throw new TmDbError("POSTGREST_FAILED", `PostgREST was not ready after ${readyTimeoutMs / 1000} s`, {
        hint: `read its log above; ${adminUrl}/ready has not answered 200`,
      });
    }
  } finally {
    waiting.abort();
  }
}

async function untilTheEnd(running: RunningPostgrest, signal: AbortSignal | undefined): Promise<never> {
  const asked = new Promise<undefined>((done) => {
    if (signal?.aborted === true) done(undefined);
    signal?.addEventListener("abort", () => done(undefined), { once: true });
  });
  const ended = await Promise.race([running.ended, asked]);
  if (ended !== undefined) throw endedByItself(ended, "while it ran");
  await running.stop();
  throw new TmDbError("INTERRUPTED", "PostgREST was stopped");
}

function endedByItself({ code, signal }: Ended, when: string): TmDbError {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return new TmDbError("POSTGREST_FAILED", `PostgREST ended by itself ${when}, ${how}`, {
    hint: "read its log above",
  });
}
