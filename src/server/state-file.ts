import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  lstatSync,
} from "node:fs";
import { join } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { writeError } from "./file-error.ts";

/** The PostgreSQL versions that the embedded server comes in. */
export const EMBEDDED_MAJORS = [15, 16, 17, 18] as const;
export type EmbeddedMajor = (typeof EMBEDDED_MAJORS)[number];

/** What a project remembers about its server, in `.tm-db/state.json`. Holds passwords: mode 600, never printed. */
export interface EmbeddedState {
  readonly format: 1;
  /** Drawn once: two folders with the same one are a project and its copy. */
  readonly id: string;
  /** The project's real path when the file was written. */
  readonly projectDir: string;
  /** The folder that holds `pg<major>/`, one cluster for each version that was used. */
  readonly clusters: string;
  /** The machine (or container) on which a cluster was last started. */
  readonly machine: string;
  readonly major: EmbeddedMajor;
  readonly database: string;
  /** One for each version, so that an address stays good when another version is used for a while. */
  readonly ports: Readonly<Record<string, number>>;
  readonly superuserPassword: string;
  readonly ownerPassword: string;
  readonly authenticatorPassword: string;
}

const FILE = "state.json";

/** `.tm-db/` of a project. */
export function stateDir(projectDir: string): string {
  return join(projectDir, ".tm-db");
}

/** Makes `.tm-db/` if need be: for its owner only, and ignored by git in whatever project it appears. */
export function ensureStateDir(projectDir: string): string {
  const dir = stateDir(projectDir);
  try {
    refuseForeignDir(dir);
    // Not `recursive`, which says of a file system that is read-only that the folder is not there.
    if (!existsSync(dir)) makeDir(dir);
    if ((statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700);
    const ignore = join(dir, ".gitignore");
    if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  } catch (error) {
    throw writeError(dir, error);
  }
  return dir;
}

function makeDir(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another command was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Whoever owns the folder decides where the server writes. Root must not let another user decide that, and nobody a link.
 */
function refuseForeignDir(dir: string): void {
  const found = lstatSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return;
  const isForeign = process.geteuid?.() === 0 && found.uid !== 0;
  if (!found.isSymbolicLink() && !isForeign) return;
  const why = found.isSymbolicLink() ? "is a link" : "belongs to another user than root";
  throw new TmDbError("FILE_UNWRITABLE", `${dir} ${why}`, {
    hint: isForeign ? "run tm-db as that user, without sudo" : `remove the link: rm ${dir}`,
  });
}

/** A new random password: 192 bits, in characters that need no quoting anywhere. */
export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** Undefined when the project has no state. A file that is there and makes no sense is an error, not a fresh start. */
export function readState(projectDir: string): EmbeddedState | undefined {
  const file = join(stateDir(projectDir), FILE);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${file}`, {
      detail: message,
      hint: "run tm-db as the user who started the server, or use a copy of the project",
      cause: error,
    });
  }
  const state = parseState(text);
  if (state !== undefined) return state;
  throw new TmDbError("FILE_UNREADABLE", `${file} is damaged, or was written by another version of tm-db`, {
    hint: `remove ${stateDir(projectDir)} to begin with an empty server`,
  });
}

/** Replaces the file in one step: a reader, or a crash, meets the old one or the new one. */
export function writeState(state: EmbeddedState): void {
  const dir = ensureStateDir(state.projectDir);
  const file = join(dir, FILE);
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
    keepOwner(temporary, dir);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

/** Under sudo, what is written into a user's folder stays that user's. */
export function keepOwner(path: string, dir: string): void {
  const { uid, gid } = statSync(dir);
  if (process.geteuid?.() === 0 && uid !== 0) chownSync(path, uid, gid);
}

/** Whether two project folders are one and the same, reached by two paths (a bind mount). */
export function shareStateFile(one: string, other: string): boolean {
  try {
    const a = statSync(join(stateDir(one), FILE));
    const b = statSync(join(stateDir(other), FILE));
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
}

function parseState(text: string): EmbeddedState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isState(value) ? value : undefined;
}

const TEXT_FIELDS = [
  "id",
  "projectDir",
  "clusters",
  "machine",
  "database",
  "superuserPassword",
  "ownerPassword",
  "authenticatorPassword",
] as const satisfies readonly (keyof EmbeddedState)[];

function isState(value: unknown): value is EmbeddedState {
  if (typeof value !== "object" || value === null) return false;
  const field = (name: keyof EmbeddedState): unknown => Reflect.get(value, name);
  const ports = field("ports");
  return (
    field("format") === 1 &&
    TEXT_FIELDS.every((name) => typeof field(name) === "string" && field(name) !== "") &&
    EMBEDDED_MAJORS.some((major) => major === field("major")) &&
    typeof ports === "object" &&
    ports !== null &&
    Object.values(ports).every((port) => Number.isInteger(port) && port > 0 && port < 65_536)
  );
}
