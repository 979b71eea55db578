import { createHash, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ConnectionSpec, EMBEDDED_SERVER } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { ServerEvent } from "../core/event.ts";
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
import { writeError } from "./file-error.ts";
import { findFreePort, isFree } from "./free-port.ts";
import {
  hasPidFile,
  type Postmaster,
  runningPostmaster,
  startPostmaster,
  stopPostmaster,
  throwIfInterrupted,
  waitUntilReady,
} from "./postmaster.ts";
import { withStartLock } from "./start-lock.ts";
import {
  EMBEDDED_MAJORS,
  type EmbeddedMajor,
  type EmbeddedState,
  ensureStateDir,
  newPassword,
  readState,
  shareStateFile,
  stateDir,
  writeState,
} from "./state-file.ts";
import { assertReachable, isRoot, type SystemUser, unprivilegedUser } from "./unprivileged-user.ts";

export interface StartOptions {
  readonly projectDir: string;
  /** If not given: the version that was used last, or else the newest. */
  readonly major?: EmbeddedMajor | undefined;
  readonly database: string;
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False gives up safety against a crash of the machine for speed: for tests. Counts when the server is started. */
  readonly durable?: boolean | undefined;
  /** Where data lies instead of `.tm-db/` (of `/var/lib/tm-db/` under root); TM_DB_DATA_HOME if not given. */
  readonly dataHome?: string | undefined;
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
const NEWEST: EmbeddedMajor = 18;
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
 * that has taken it over, it is the server that it was before. It need not run.
 */
export function isOwnAddress(projectDir: string, { host, port, database, user }: ConnectionSpec): boolean {
  if (host !== HOST) return false;
  let own: ConnectionSpec | undefined;
  try {
    own = findEmbedded({ projectDir })?.connection;
  } catch (error) {
    // Of another server's address, what is wrong with our own is not asked.
    if (error instanceof TmDbError) return false;
    throw error;
  }
  return own !== undefined && port === own.port && database === own.database && user === own.user;
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
  const major = options.major ?? settled.major;
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

// ─── Which project, which folder, which user ────────────────────────────────────────────────────────────────────────

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

function realProject(projectDir: string): string {
  try {
    return realpathSync(projectDir);
  } catch (error) {
    throw new TmDbError("PROJECT_NOT_FOUND", `there is no folder ${projectDir}`, { cause: error });
  }
}

type Relation = { readonly kind: "same" } | { readonly kind: "moved" | "copied"; readonly from: string };

/** Whether a state that lies in a folder was written there, came with the folder when it moved, or was copied. */
function relationOf(state: EmbeddedState, projectDir: string): Relation {
  const from = state.projectDir;
  // One folder under two names, as with a bind mount, is the same project.
  if (from === projectDir || shareStateFile(from, projectDir)) return { kind: "same" };
  return { kind: readStateQuietly(from)?.id === state.id ? "copied" : "moved", from };
}

function readStateQuietly(projectDir: string): EmbeddedState | undefined {
  try {
    return readState(projectDir);
  } catch {
    return undefined;
  }
}

interface Located {
  readonly state: EmbeddedState;
  readonly clusters: string;
  /** Where the same folder was when its servers were started. */
  readonly formerClusters: string;
}

/** Undefined when there is no state, or only one that belongs to the project of which this folder is a copy. */
function locate(projectDir: string): Located | undefined {
  const state = readState(projectDir);
  if (state === undefined || relationOf(state, projectDir).kind === "copied") return undefined;
  const clusters = state.clusters === stateDir(state.projectDir) ? stateDir(projectDir) : state.clusters;
  return { state, clusters, formerClusters: state.clusters };
}

/** The state to go on from: the project's own, that of the folder it was moved from, or a new one. */
async function settleState(projectDir: string, options: StartOptions): Promise<EmbeddedState> {
  const state = readState(projectDir);
  if (state === undefined) return await freshState(projectDir, options);
  const relation = relationOf(state, projectDir);
  switch (relation.kind) {
    case "same":
      return { ...state, clusters: holdsData(state.clusters) ? state.clusters : makeClustersDir(projectDir, options) };
    case "moved":
      options.onEvent?.({ kind: "project-moved", from: relation.from });
      return await adoptMoved(state, projectDir, options);
    case "copied":
      options.onEvent?.({ kind: "project-copied", from: relation.from });
      removeClusters(stateDir(projectDir));
      return await freshState(projectDir, options);
  }
}

async function adoptMoved(state: EmbeddedState, projectDir: string, options: StartOptions): Promise<EmbeddedState> {
  const movedAlong = state.clusters === stateDir(state.projectDir);
  if (movedAlong) {
    // It knows its control file by the old path, and would give up at its next checkpoint. What was committed is in the
    // WAL, from which the next start recovers it.
    await stopAll(stateDir(projectDir), state.clusters);
    return { ...state, projectDir, clusters: stateDir(projectDir) };
  }
  await stopAll(state.clusters, state.clusters);
  const clusters = clustersDir(projectDir, options);
  await discardClusters(clusters);
  try {
    renameSync(state.clusters, clusters);
  } catch {
    // On another file system, or gone: an empty server is better than one that two folders claim.
    return await freshState(projectDir, options);
  }
  return { ...state, projectDir, clusters };
}

async function freshState(projectDir: string, options: StartOptions): Promise<EmbeddedState> {
  const clusters = clustersDir(projectDir, options);
  if (clusters === stateDir(projectDir)) refuseUnknownClusters(clusters);
  else await discardClusters(clusters);
  makeClustersDir(projectDir, options);
  const state: EmbeddedState = {
    format: 1,
    id: randomUUID(),
    projectDir,
    clusters,
    machine: thisMachine(),
    major: options.major ?? NEWEST,
    database: options.database,
    ports: {},
    superuserPassword: newPassword(),
    ownerPassword: newPassword(),
    authenticatorPassword: newPassword(),
  };
  // Before anything is made with these passwords: an interrupted run must leave no data that nobody can open.
  writeState(state);
  return state;
}

/** Where nothing was made yet, whoever names another place for data means it. */
function holdsData(clusters: string): boolean {
  return EMBEDDED_MAJORS.some((major) => clusterExists(clusterPaths(clusters, major)));
}

/** Nobody knows the passwords of data whose state is gone, and it is not for us to remove it. */
function refuseUnknownClusters(dir: string): void {
  if (!holdsData(dir)) return;
  throw new TmDbError("FILE_UNREADABLE", `${dir} holds a server's data, and state.json with its passwords is gone`, {
    hint: `remove ${dir} to begin with an empty server`,
  });
}

/**
 * Data outside the project belongs to its `.tm-db/`: when that was removed, as data that lies inside would have been,
 * what is left has no owner any more.
 */
async function discardClusters(clusters: string): Promise<void> {
  if (!existsSync(clusters)) return;
  await stopAll(clusters, clusters);
  rmSync(clusters, { recursive: true, force: true });
}

function removeClusters(clusters: string): void {
  for (const major of EMBEDDED_MAJORS) {
    const { dataDir, configFile, logFile } = clusterPaths(clusters, major);
    for (const path of [dataDir, configFile, logFile]) rmSync(path, { recursive: true, force: true });
  }
}

async function stopAll(clusters: string, formerClusters: string): Promise<boolean> {
  const running = EMBEDDED_MAJORS.map((major) =>
    runningPostmaster(clusterPaths(clusters, major).dataDir, clusterPaths(formerClusters, major).dataDir),
  );
  const pids = running.flatMap((postmaster) => (postmaster === undefined ? [] : [postmaster.pid]));
  await Promise.all(pids.map((pid) => stopPostmaster(pid)));
  return pids.length > 0;
}

/**
 * Inside the project, unless the server runs as another user (who may not be let into the checkout) or somebody wants
 * it elsewhere (a slow network folder, one without Unix permissions).
 */
function clustersDir(projectDir: string, options: StartOptions): string {
  const home = options.dataHome ?? process.env["TM_DB_DATA_HOME"] ?? "";
  if (home === "" && !isRoot()) return stateDir(projectDir);
  if (home !== "" && !isAbsolute(home))
    throw new TmDbError("CONFIG_INVALID", "TM_DB_DATA_HOME is not an absolute path");
  const hash = createHash("sha256").update(projectDir).digest("hex").slice(0, 12);
  const name = basename(projectDir)
    .replaceAll(/[^\w.-]/g, "_")
    .slice(0, 40);
  return join(home === "" ? "/var/lib/tm-db" : home, `${name}-${hash}`);
}

function makeClustersDir(projectDir: string, options: StartOptions): string {
  const dir = clustersDir(projectDir, options);
  if (dir === stateDir(projectDir)) return dir;
  try {
    const made = mkdirSync(dir, { recursive: true });
    // The server's user must pass, whatever the umask; its data directory is closed to everybody else.
    if (made !== undefined) for (const each of new Set([made, dir])) chmodSync(each, 0o755);
  } catch (error) {
    throw writeError(dir, error);
  }
  return dir;
}

/** PostgreSQL wants to run as the owner of its data, and never as root. Undefined: as we do. */
function serverUser(clusters: string, paths: ClusterPaths, options: StartOptions): SystemUser | undefined {
  if (!isRoot()) return undefined;
  const { uid, gid } = statSync(existsSync(paths.dataDir) ? paths.dataDir : clusters);
  if (uid !== 0) return { name: `of number ${uid}`, uid, gid };
  const user = unprivilegedUser((name) => options.onEvent?.({ kind: "user-created", user: name }));
  assertReachable(clusters, user);
  return user;
}

/** Containers have names of their own; a Mac's changes with its network, and Macs do not share running data. */
function thisMachine(): string {
  return process.platform === "darwin" ? "darwin" : hostname();
}

/**
 * PostgreSQL tells by process numbers whether a server uses the data, and those of another container or machine that
 * sees the same folder mean nothing here. Two servers on one data directory destroy it.
 */
function refuseOtherMachine(state: EmbeddedState, paths: ClusterPaths): void {
  if (state.machine === thisMachine() || !hasPidFile(paths.dataDir)) return;
  throw new TmDbError(
    "SERVER_START_FAILED",
    `a server on ${state.machine} uses ${paths.dataDir}, or did when it was cut off`,
    {
      hint: `stop it there (npx tm-db stop); if ${state.machine} is gone: rm ${join(paths.dataDir, "postmaster.pid")}`,
    },
  );
}
