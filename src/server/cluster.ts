import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import { quoteIdent, quoteLiteral } from "../core/quote-ident.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { dropDatabase } from "../db/drop-database.ts";
import { serverVersion } from "../db/session.ts";
import { writeError } from "./file-error.ts";
import { serverEnvironment, spawnError, throwIfInterrupted } from "./postmaster.ts";
import { scramVerifier } from "./scram.ts";
import { type EmbeddedMajor, keepOwner } from "./state-file.ts";
import type { SystemUser } from "./unprivileged-user.ts";

/** The superuser that initdb makes; nothing but the set-up below ever logs in as it. */
export const SUPERUSER = "postgres";
/** Who owns the project's database, and makes everything in it. */
export const OWNER = "tm_db";

/** Where the files of one version's cluster lie, below the folder that holds all of a project's. */
export interface ClusterPaths {
  readonly dataDir: string;
  readonly configFile: string;
  readonly logFile: string;
}

export function clusterPaths(clusters: string, major: EmbeddedMajor): ClusterPaths {
  const dataDir = join(clusters, `pg${major}`);
  return { dataDir, configFile: `${dataDir}.conf`, logFile: `${dataDir}.log` };
}

export function clusterExists(paths: ClusterPaths): boolean {
  return existsSync(join(paths.dataDir, "PG_VERSION"));
}

export interface ClusterRequest {
  readonly initdb: string;
  readonly major: EmbeddedMajor;
  readonly paths: ClusterPaths;
  readonly superuserPassword: string;
  readonly user: SystemUser | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a cluster. It is made under another name and appears under its own when it is complete; what an interrupted
 * run left behind is removed first.
 */
export async function createCluster(request: ClusterRequest): Promise<void> {
  const parent = dirname(request.paths.dataDir);
  refuseDamaged(request.paths.dataDir);
  removeUnfinished(parent);
  const suffix = randomBytes(6).toString("hex");
  const temporary = join(parent, `${UNFINISHED}pg${request.major}-${suffix}`);
  const passwordFile = join(parent, `${UNFINISHED}password-${suffix}`);
  try {
    mkdirSync(temporary, { mode: 0o700 });
    writeFileSync(passwordFile, `${request.superuserPassword}\n`, { mode: 0o600, flag: "wx" });
    for (const path of [temporary, passwordFile])
      if (request.user !== undefined) chownSync(path, request.user.uid, request.user.gid);
    await initialize(request, temporary, passwordFile);
    throwIfInterrupted(request.signal);
    renameSync(temporary, request.paths.dataDir);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
    throw writeError(parent, error);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Without PG_VERSION it is no server's data, to PostgreSQL either; but it may be what is left of it. */
function refuseDamaged(dataDir: string): void {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return;
  throw new TmDbError("FILE_UNWRITABLE", `${dataDir} is not empty, and is no server's data: it has no PG_VERSION`, {
    hint: `restore it from a backup; or, to begin with an empty server: rm -r ${quoteForShell(dataDir)}`,
  });
}

const UNFINISHED = "unfinished-";

function removeUnfinished(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (name.startsWith(UNFINISHED)) rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

async function initialize(request: ClusterRequest, dataDir: string, passwordFile: string): Promise<void> {
  for (const [index, locale] of localeOptions(request.major).entries()) {
    const { code, output } = await runInitdb(request, [
      `--pgdata=${dataDir}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth-host=scram-sha-256",
      "--auth-local=scram-sha-256",
      "--encoding=UTF8",
      "--text-search-config=english",
      // Whether an empty cluster survives a power cut in its first seconds does not matter; what is committed later is
      // synced by the server itself.
      "--no-sync",
      "--no-instructions",
      ...locale,
    ]);
    if (code === 0) return;
    throwIfInterrupted(request.signal);
    const isLast = index === localeOptions(request.major).length - 1;
    if (!isLast && /invalid locale (name|settings)/.test(output)) continue;
    throw initdbError(output);
  }
}

/**
 * Text sorts by code point on every version and every machine: a policy test must not depend on the locales that a
 * system happens to have. `lower('É')` still works: by PostgreSQL's own C.UTF-8 from 17 on, before that by the system's
 * character classes, for which only the names differ; the last resort knows ASCII alone.
 */
function localeOptions(major: EmbeddedMajor): readonly (readonly string[])[] {
  if (major >= 17) return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]];
  return [["--locale=C", "--lc-ctype=C.UTF-8"], ["--locale=C", "--lc-ctype=en_US.UTF-8"], ["--locale=C"]];
}

async function runInitdb(
  request: ClusterRequest,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  return await new Promise((resolve, reject) => {
    const child = spawn(request.initdb, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
      env: serverEnvironment(),
      ...(request.user === undefined ? {} : { uid: request.user.uid, gid: request.user.gid }),
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const abort = (): void => {
      child.kill("SIGTERM");
    };
    request.signal?.addEventListener("abort", abort, { once: true });
    if (request.signal?.aborted === true) abort();
    child.on("error", (error) => reject(spawnError(request.initdb, error)));
    child.on("close", (code) => {
      request.signal?.removeEventListener("abort", abort);
      resolve({ code, output });
    });
  });
}

function initdbError(output: string): TmDbError {
  const detail = output.trimEnd().split("\n").slice(-15).join("\n");
  if (output.includes("No space left on device")) {
    return new TmDbError("DISK_FULL", "no space left for the embedded server's data", {
      detail,
      hint: "free some space and run the command again",
    });
  }
  return new TmDbError("SERVER_START_FAILED", "initdb cannot make the embedded server's data", {
    detail,
    hint: "use a server of your own: --database-url postgres://…",
  });
}

/**
 * Writes the settings with which the server starts. They lie outside the data directory, with comments, and are written
 * anew at each start; what somebody sets by `alter system` still wins.
 */
export function writeConfig(paths: ClusterPaths, settings: { readonly port: number; readonly durable: boolean }): void {
  try {
    writeFileSync(paths.configFile, configText(paths, settings), { mode: 0o644 });
    // The umask may have closed it to the server's user; there is no secret in it.
    chmodSync(paths.configFile, 0o644);
    keepOwner(paths.configFile, dirname(paths.configFile));
  } catch (error) {
    throw writeError(paths.configFile, error);
  }
}

function configText(
  paths: ClusterPaths,
  { port, durable }: { readonly port: number; readonly durable: boolean },
): string {
  const undurable = durable
    ? ""
    : `
# Asked for by tests: quick, and not safe against a crash of the machine.
fsync = off
synchronous_commit = off
full_page_writes = off
`;
  return `# Written by tm-db at each start; changes are lost. Use \`alter system\`, or postgresql.conf for what is not set here.
include = ${quoteSetting(join(paths.dataDir, "postgresql.conf"))}

# Reachable from this machine only, by password. No Unix socket: its path may be too long, and its folder shared.
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
cluster_name = 'tm-db'

# Times are the same for everybody who works on the project.
timezone = 'UTC'

# One server on a developer's machine: nothing is replicated. With wal_level = minimal, a crash could make a sequence
# give numbers out again that it gave out after the transaction that made it.
max_wal_senders = 0
log_checkpoints = off
${undurable}`;
}

function quoteSetting(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/**
 * Makes the owner and the database, or puts right what is there: the owner has its password and no more rights than
 * meant, the database exists; one that was left half dropped is made anew. The owner is no superuser, so what works here works on a managed server. Passwords go as
 * SCRAM verifiers.
 */
export async function ensureOwnerAndDatabase(
  superuser: ConnectionSpec,
  wanted: { readonly database: string; readonly ownerPassword: string; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly databaseCreated: boolean; readonly version: string }> {
  return await withClient(superuser, { signal: wanted.signal }, async (client) => {
    await ensureOwner(client, wanted.ownerPassword);
    const version = serverVersion(client).text;
    const found = await findDatabase(client, wanted.database);
    if (found === "valid") return { databaseCreated: false, version };
    // Of a database that was being dropped there is nothing to be had any more.
    if (found === "half dropped") await dropDatabase(client, wanted.database);
    await createDatabase(client, wanted.database);
    return { databaseCreated: true, version };
  });
}

async function ensureOwner(client: DatabaseClient, password: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_catalog.pg_roles where rolname = $1", [OWNER]);
  const verb = rowCount === 0 ? "create" : "alter";
  const verifier = quoteLiteral(scramVerifier(password));
  await client.query(`${verb} role ${quoteIdent(OWNER)} login nosuperuser createrole createdb password ${verifier}`);
}

type FoundDatabase = "valid" | "half dropped";

/** PostgreSQL marks a database before it drops it, by a number of connections that cannot be. */
async function findDatabase(client: DatabaseClient, database: string): Promise<FoundDatabase | undefined> {
  const { rows } = await client.query<{ readonly found: FoundDatabase }>(
    `select case d.datconnlimit when -2 then 'half dropped' else 'valid' end as found
     from pg_catalog.pg_database as d
     where d.datname = $1`,
    [database],
  );
  return rows[0]?.found;
}

async function createDatabase(client: DatabaseClient, database: string): Promise<void> {
  await client.query(`create database ${quoteIdent(database)} owner ${quoteIdent(OWNER)}`);
}
