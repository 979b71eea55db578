import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/app/migrate.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { installedPackages } from "../../src/server/binaries.ts";
import { startEmbedded, stopEmbedded } from "../../src/server/embedded.ts";
import { runningPostmaster } from "../../src/server/postmaster.ts";
import { EMBEDDED_MAJORS } from "../../src/server/state-file.ts";

/** What the test files are told of the server that was started for them. */
export interface TestServer {
  readonly major: number;
  /** As the owner of the template and of every clone of it. */
  readonly owner: ConnectionSpec;
  readonly superuser: ConnectionSpec;
  /** For the role `authenticator`. */
  readonly authenticatorPassword: string;
  /** A database that holds the reference database and no rows. */
  readonly template: string;
  readonly jwtSecret: string;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly server: TestServer;
  }
}

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const TEMPLATE = "reference_template";
const PREFIX = "tm-db-reference-";

/** Starts a server for the version that `TM_DB_TEST_PG` names, and builds the reference database in it once. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const wanted = project.config.env["TM_DB_TEST_PG"] ?? "18";
  const major = EMBEDDED_MAJORS.find((known) => String(known) === wanted);
  if (major === undefined) throw new Error(`TM_DB_TEST_PG=${wanted} is none of ${EMBEDDED_MAJORS.join(", ")}`);
  const base = temporaryBase();
  removeLeftovers(base);
  const home = mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  // Under root the server runs as another user, who must get through.
  chmodSync(home, 0o755);
  const projectDir = join(home, `pg${major}`);
  mkdirSync(projectDir);
  let dataDir: string | undefined;
  const removeAtExit = (): void => {
    if (dataDir !== undefined) killServer(dataDir);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", removeAtExit);
  const endOnSignal = (): void => process.exit(130);
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, endOnSignal);
  const tearDown = async (): Promise<void> => {
    await stopEmbedded({ projectDir });
    removeAtExit();
    process.off("exit", removeAtExit);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.off(signal, endOnSignal);
  };
  try {
    const server = await startEmbedded({
      projectDir,
      major,
      database: TEMPLATE,
      durable: false,
      dataHome: join(home, "data"),
      resolvePackage: installedPackages(REPOSITORY),
    });
    dataDir = server.dataDir;
    const jwtSecret = randomBytes(48).toString("base64url");
    const env = { TM_DB_AUTHENTICATOR_PASSWORD: server.authenticatorPassword, TM_DB_JWT_SECRET: jwtSecret };
    await migrate({ projectDir: REPOSITORY, databaseUrl: connectionUrl(server.connection), env, onEvent: () => {} });
    const { connection: owner, superuser, authenticatorPassword } = server;
    project.provide("server", { major, owner, superuser, authenticatorPassword, template: TEMPLATE, jwtSecret });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

/** Memory where there is some: the data of these servers is worth nothing tomorrow. */
function temporaryBase(): string {
  return statSync("/dev/shm", { throwIfNoEntry: false })?.isDirectory() === true ? "/dev/shm" : tmpdir();
}

/** What a run that was killed outright could not remove: its folder names its process. */
function removeLeftovers(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = Number(/^tm-db-reference-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    for (const dataDir of dataDirs(join(base, name))) killServer(dataDir);
    rmSync(join(base, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

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
