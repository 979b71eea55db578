import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ConnectionSpec, EMBEDDED_SERVER } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { withClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";
import { installedPackages, type PackageResolver, stageBinaries } from "./binaries.ts";
import {
  type ClusterPaths,
  clusterExists,
  clusterPaths,
  createCluster,
  ensureOwnerAndDatabase,
  OWNER,
  SUPERUSER,
  writeConfig,
} from "./cluster.ts";
import { findFreePort, isFree } from "./free-port.ts";
import {
  chosenMajor,
  locate,
  type PlacementOptions,
  realProject,
  refuseOtherMachine,
  relationOf,
  serverUser,
  settleState,
  stopAll,
  thisMachine,
} from "./placement.ts";
import {
  type Postmaster,
  runningPostmaster,
  startPostmaster,
  throwIfInterrupted,
  waitUntilReady,
} from "./postmaster.ts";
import { withStartLock } from "./start-lock.ts";
import {
  type EmbeddedMajor,
  type EmbeddedState,
  ensureStateDir,
  readState,
  stateDir,
  writeState,
} from "./state-file.ts";
import type { SystemUser } from "./unprivileged-user.ts";

export interface StartOptions extends PlacementOptions {
  readonly projectDir: string;
  readonly signal?: AbortSignal | undefined;
  /** False gives up safety against a crash of the machine for speed: for tests. Counts when the server is started. */
  readonly durable?: boolean | undefined;
  /** Finds the npm packages of the programs, if not by node's own rules. */
  readonly resolvePackage?: PackageResolver | undefined;
}

/** A project's server and how to get in. */
export interface EmbeddedAccess {
  readonly major: EmbeddedMajor;
  readonly dataDir: string;
  readonly logFile: string;
  /** As the owner of the project's database: LOGIN, CREATEROLE and CREATEDB, and no superuser. */
  readonly connection: ConnectionSpec;
  readonly superuser: ConnectionSpec;
  /** For the role `authenticator`, which the project's own files make. */
  readonly authenticatorPassword: string;
}

export interface EmbeddedServer extends EmbeddedAccess {
  /** As the server calls itself: `18.4`. */
  readonly version: string;
  /** False when it ran already. */
  readonly started: boolean;
  /** Whether its data was made by this call. */
  readonly created: boolean;
}

export interface FoundEmbedded extends EmbeddedAccess {
  readonly running: boolean;
  readonly pid: number | undefined;
}

const HOST = "127.0.0.1";
const LOGIN_TIMEOUT_MS = 5_000;
const RECOVERY_TIMEOUT_MS = 120_000;
const RECOVERY_POLL_MS = 20;
const PORT_ATTEMPTS = 10;

/**
 * Sees to it that the project's server runs and holds the database, and says how to connect. Does nothing that is done
 * already, so it can be called before every command; two calls at once end with one server. Throws
 * SERVER_BINARIES_MISSING, SERVER_START_FAILED, FILE_UNWRITABLE, DISK_FULL, LOCK_TIMEOUT or INTERRUPTED.
 */
export async function startEmbedded(options: StartOptions): Promise<EmbeddedServer> {
  const projectDir = realProject(options.projectDir);
  const running = await findReady(projectDir, options);
  if (running !== undefined) return running;
  const dir = ensureStateDir(projectDir);
  const onWait = (pid: number): void => options.onEvent?.({ kind: "waiting-for-other", pid });
  return await withStartLock(dir, { signal: options.signal, onWait }, async () => {
    throwIfInterrupted(options.signal);
    // Whoever held the lock may have done it all.
    return (await findReady(projectDir, options)) ?? (await startLocked(projectDir, options));
  });
}

/** What is known of the project's server, without starting or changing anything; undefined when there is none. */
export function findEmbedded(options: { readonly projectDir: string }): FoundEmbedded | undefined {
  const located = locate(realProject(options.projectDir));
  if (located === undefined) return undefined;
  const { state, clusters, formerClusters } = located;
  const paths = clusterPaths(clusters, state.major);
  const postmaster = runningPostmaster(paths.dataDir, clusterPaths(formerClusters, state.major).dataDir);
  const port = postmaster?.port ?? state.ports[String(state.major)];
  if (port === undefined) return undefined;
  return { ...access(state, paths, port), running: postmaster !== undefined, pid: postmaster?.pid };
}

/**
 * Whether an address leads to the project's own server and database as their owner: `tm-db env` prints it, and in a shell
 * that has taken it over, it is the server that it was before. It need not run. `named` is the database that the settings name.
 */
export function isOwnAddress(
  projectDir: string,
  { host, port, database, user }: ConnectionSpec,
  named: string | undefined,
): boolean {
  if (host !== HOST) return false;
  let own: ConnectionSpec | undefined;
  try {
    own = findEmbedded({ projectDir })?.connection;
  } catch (error) {
    // Of another server's address, what is wrong with our own is not asked.
    if (error instanceof TmDbError) return false;
    throw error;
  }
  return own !== undefined && port === own.port && database === (named ?? own.database) && user === own.user;
}

/**
 * Stops the project's server, of whatever version, and waits until it is gone. Open transactions are rolled back. Says
 * whether one was running.
 */
export async function stopEmbedded(options: {
  readonly projectDir: string;
  readonly signal?: AbortSignal | undefined;
}): Promise<{ readonly wasRunning: boolean }> {
  const projectDir = realProject(options.projectDir);
  if (!existsSync(stateDir(projectDir))) return { wasRunning: false };
  return await withStartLock(stateDir(projectDir), { signal: options.signal }, async () => {
    const located = locate(projectDir);
    if (located === undefined) return { wasRunning: false };
    return { wasRunning: await stopAll(located.clusters, located.formerClusters) };
  });
}

// ─── The quick way: it runs ─────────────────────────────────────────────────────────────────────────────────────────

/** The server if it runs as asked for and lets the owner into the database; whatever is amiss is left to the slow way. */
async function findReady(projectDir: string, options: StartOptions): Promise<EmbeddedServer | undefined> {
  const state = readState(projectDir);
  if (state === undefined || relationOf(state, projectDir).kind !== "same") return undefined;
  if (state.major !== (options.major ?? state.major) || state.database !== options.database) return undefined;
  const paths = clusterPaths(state.clusters, state.major);
  const postmaster = runningPostmaster(paths.dataDir);
  if (postmaster?.isReady !== true || postmaster.port !== state.ports[String(state.major)]) return undefined;
  const found = access(state, paths, postmaster.port);
  const version = await tryLogin(found.connection, options.signal);
  return version === undefined ? undefined : { ...found, version, started: false, created: false };
}

/** The version that the server reports, or undefined if it lets the owner or nobody in. */
async function tryLogin(spec: ConnectionSpec, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return await login(spec, signal);
  } catch (error) {
    if (error instanceof TmDbError && error.code !== "INTERRUPTED") return undefined;
    throw error;
  }
}

async function login(spec: ConnectionSpec, signal: AbortSignal | undefined): Promise<string> {
  return await withClient(spec, { signal, connectTimeoutMs: LOGIN_TIMEOUT_MS }, (client) =>
    Promise.resolve(serverVersion(client).text),
  );
}

// ─── The slow way, under the lock ───────────────────────────────────────────────────────────────────────────────────

async function startLocked(projectDir: string, options: StartOptions): Promise<EmbeddedServer> {
  const settled = await settleState(projectDir, options);
  const major = chosenMajor(settled, options);
  const paths = clusterPaths(settled.clusters, major);
  const running = await waitUntilReady(paths.dataDir, options.signal);
  const wanted: EmbeddedState = { ...settled, projectDir, major, database: options.database };
  const launch =
    running === undefined ? await createAndStart({ state: wanted, paths, options }) : keepRunning(wanted, running);
  const found = access(launch.state, paths, launch.port);
  const version = await openDoors({ found, state: launch.state, created: launch.created, options });
  return { ...found, version, started: running === undefined, created: launch.created };
}

interface Launch {
  readonly state: EmbeddedState;
  readonly port: number;
  readonly created: boolean;
}

function keepRunning(state: EmbeddedState, { port }: Pick<Postmaster, "port">): Launch {
  const next = { ...state, ports: { ...state.ports, [state.major]: port } };
  writeState(next);
  return { state: next, port, created: false };
}

interface Undertaking {
  readonly state: EmbeddedState;
  readonly paths: ClusterPaths;
  readonly options: StartOptions;
}

async function createAndStart({ state, paths, options }: Undertaking): Promise<Launch> {
  const { major } = state;
  refuseOtherMachine(state, paths);
  const binaries = stageBinaries({
    major,
    resolve: options.resolvePackage ?? installedPackages(state.projectDir),
    fallbackDir: join(state.clusters, "postgresql"),
    onStage: (version) => options.onEvent?.({ kind: "staging-binaries", version }),
  });
  const user = serverUser(state.clusters, paths, options);
  const created = !clusterExists(paths);
  if (created) {
    options.onEvent?.({ kind: "creating-cluster", major, dataDir: paths.dataDir });
    await createCluster({
      ...binaries,
      major,
      paths,
      superuserPassword: state.superuserPassword,
      user,
      signal: options.signal,
    });
  }
  const launched = await startOnFreePort(
    { state: { ...state, machine: thisMachine() }, paths, options },
    binaries.postgres,
    user,
  );
  return { ...launched, created };
}

/** The port is written down before the server takes it: an interrupted run is found by the next one. */
async function startOnFreePort(
  { state, paths, options }: Undertaking,
  postgres: string,
  user: SystemUser | undefined,
): Promise<Omit<Launch, "created">> {
  const former = state.ports[String(state.major)];
  const taken = new Set(
    Object.entries(state.ports)
      .filter(([major]) => major !== String(state.major))
      .map(([, port]) => port),
  );
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const isFormerFree = former !== undefined && !taken.has(former) && (await isFree(former));
    const port = isFormerFree ? former : await findFreePort(`${state.projectDir} ${state.major}`, taken);
    const next = { ...state, ports: { ...state.ports, [state.major]: port } };
    writeState(next);
    writeConfig(paths, { port, durable: options.durable ?? true });
    options.onEvent?.({ kind: "starting", major: state.major, port });
    const outcome = await startPostmaster({ postgres, ...paths, user, signal: options.signal });
    if (outcome.kind === "ready") {
      const launch = keepRunning(next, outcome);
      if (former !== undefined && former !== launch.port)
        options.onEvent?.({ kind: "port-changed", from: former, to: launch.port });
      return launch;
    }
    taken.add(port);
  }
  throw new TmDbError("SERVER_START_FAILED", `other programs took every port that was tried (${PORT_ATTEMPTS})`, {
    hint: "run the command again",
  });
}

/** A server that lost one of its processes recovers by itself; until then it says 57P03, and its `postmaster.pid` "ready". */
async function whenRecovered<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + RECOVERY_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TmDbError) || error.sqlState !== "57P03" || Date.now() > deadline) throw error;
      await pause(RECOVERY_POLL_MS);
    }
  }
}

/** Makes sure that the owner gets into the database; returns the version that the server reports. */
async function openDoors(given: {
  readonly found: EmbeddedAccess;
  readonly state: EmbeddedState;
  readonly created: boolean;
  readonly options: StartOptions;
}): Promise<string> {
  const { found, state, created, options } = given;
  if (!created) {
    const version = await tryLogin(found.connection, options.signal);
    if (version !== undefined) return version;
  }
  try {
    const { databaseCreated, version } = await whenRecovered(
      async () =>
        await ensureOwnerAndDatabase(found.superuser, {
          database: state.database,
          ownerPassword: state.ownerPassword,
          signal: options.signal,
        }),
    );
    if (databaseCreated) options.onEvent?.({ kind: "database-created", database: state.database });
    return version;
  } catch (error) {
    if (!(error instanceof TmDbError) || error.code !== "AUTHENTICATION_FAILED") throw error;
    throw new TmDbError(
      "SERVER_START_FAILED",
      `the server on port ${found.superuser.port} does not take the password that ${stateDir(state.projectDir)} holds`,
      {
        detail: error.detail,
        hint: `if nobody needs that data: npx tm-db stop, then remove ${stateDir(state.projectDir)}`,
        cause: error,
      },
    );
  }
}

function access(state: EmbeddedState, paths: ClusterPaths, port: number): EmbeddedAccess {
  const server = { host: HOST, port, source: EMBEDDED_SERVER };
  return {
    major: state.major,
    dataDir: paths.dataDir,
    logFile: paths.logFile,
    connection: { ...server, user: OWNER, password: state.ownerPassword, database: state.database },
    superuser: { ...server, user: SUPERUSER, password: state.superuserPassword, database: "postgres" },
    authenticatorPassword: state.authenticatorPassword,
  };
}
