import { createHash, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { TmDbError } from "../core/errors.ts";
import type { ServerEvent } from "../core/event.ts";
import { type ClusterPaths, clusterExists, clusterPaths } from "./cluster.ts";
import { writeError } from "./file-error.ts";
import { hasPidFile, runningPostmaster, stopPostmaster } from "./postmaster.ts";
import {
  EMBEDDED_MAJORS,
  type EmbeddedMajor,
  type EmbeddedState,
  newPassword,
  readState,
  shareStateFile,
  stateDir,
  writeState,
} from "./state-file.ts";
import { assertReachable, isRoot, type SystemUser, unprivilegedUser } from "./unprivileged-user.ts";

/** What decides where a new server's data lies, and what it is. */
export interface PlacementOptions {
  /** If not given: the version that was used last, or else the newest. */
  readonly major?: EmbeddedMajor | undefined;
  readonly database: string;
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  /** Where data lies instead of `.tm-db/` (of `/var/lib/tm-db/` under root); TM_DB_DATA_HOME if not given. */
  readonly dataHome?: string | undefined;
}

const NEWEST: EmbeddedMajor = 18;

/** The folder of a project by its real name. @throws TmDbError PROJECT_NOT_FOUND. */
export function realProject(projectDir: string): string {
  try {
    return realpathSync(projectDir);
  } catch (error) {
    throw new TmDbError("PROJECT_NOT_FOUND", `there is no folder ${projectDir}`, { cause: error });
  }
}

type Relation = { readonly kind: "same" } | { readonly kind: "moved" | "copied"; readonly from: string };

/** Whether a state that lies in a folder was written there, came with the folder when it moved, or was copied. */
export function relationOf(state: EmbeddedState, projectDir: string): Relation {
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
export function locate(projectDir: string): Located | undefined {
  const state = readState(projectDir);
  if (state === undefined || relationOf(state, projectDir).kind === "copied") return undefined;
  const clusters = state.clusters === stateDir(state.projectDir) ? stateDir(projectDir) : state.clusters;
  return { state, clusters, formerClusters: state.clusters };
}

/** The state to go on from: the project's own, that of the folder it was moved from, or a new one. */
export async function settleState(projectDir: string, options: PlacementOptions): Promise<EmbeddedState> {
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

/** The version to start. One that was only asked for, and of which nothing was ever made, is not the project's. */
export function chosenMajor(state: EmbeddedState, options: PlacementOptions): EmbeddedMajor {
  const { major, clusters, ports } = state;
  const wasUsed = ports[String(major)] !== undefined || clusterExists(clusterPaths(clusters, major));
  return options.major ?? (wasUsed ? major : NEWEST);
}

async function adoptMoved(state: EmbeddedState, projectDir: string, options: PlacementOptions): Promise<EmbeddedState> {
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

async function freshState(projectDir: string, options: PlacementOptions): Promise<EmbeddedState> {
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

export async function stopAll(clusters: string, formerClusters: string): Promise<boolean> {
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
function clustersDir(projectDir: string, options: PlacementOptions): string {
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

function makeClustersDir(projectDir: string, options: PlacementOptions): string {
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
export function serverUser(clusters: string, paths: ClusterPaths, options: PlacementOptions): SystemUser | undefined {
  if (!isRoot()) return undefined;
  const { uid, gid } = statSync(existsSync(paths.dataDir) ? paths.dataDir : clusters);
  if (uid !== 0) return { name: `of number ${uid}`, uid, gid };
  const user = unprivilegedUser((name) => options.onEvent?.({ kind: "user-created", user: name }));
  assertReachable(clusters, user);
  return user;
}

/** Containers have names of their own; a Mac's changes with its network, and Macs do not share running data. */
export function thisMachine(): string {
  return process.platform === "darwin" ? "darwin" : hostname();
}

/**
 * PostgreSQL tells by process numbers whether a server uses the data, and those of another container or machine that
 * sees the same folder mean nothing here. Two servers on one data directory destroy it.
 */
export function refuseOtherMachine(state: EmbeddedState, paths: ClusterPaths): void {
  if (state.machine === thisMachine() || !hasPidFile(paths.dataDir)) return;
  throw new TmDbError(
    "SERVER_START_FAILED",
    `a server on ${state.machine} uses ${paths.dataDir}, or did when it was cut off`,
    {
      hint: `stop it there (npx tm-db stop); if ${state.machine} is gone: rm ${join(paths.dataDir, "postmaster.pid")}`,
    },
  );
}
