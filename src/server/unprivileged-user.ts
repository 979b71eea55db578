import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { TmDbError } from "../core/errors.ts";

/** As whom the server's processes run when tm-db itself runs as root. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const OURS = "tm-db";
/**
 * Where no account can be made. `postgres` may have another server's files, but ours runs as it only while nobody is
 * its superuser but the project; `nobody` comes last, since any service may run as it and could read our data.
 */
const OTHERS = ["postgres", "_postgres", "nobody"] as const;

/** Whether PostgreSQL would refuse to run. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * The account for the server: `tm-db`, made now if it is not there, or else another one without privileges.
 * `onCreate` hears of an account that was made.
 */
export function unprivilegedUser(onCreate: (name: string) => void): SystemUser {
  const existing = lookUp(OURS);
  if (existing !== undefined) return existing;
  if (createOurs()) {
    const created = lookUp(OURS);
    if (created !== undefined) {
      onCreate(OURS);
      return created;
    }
  }
  for (const name of OTHERS) {
    const user = lookUp(name);
    if (user !== undefined && user.uid !== 0) return user;
  }
  throw new TmDbError(
    "SERVER_START_FAILED",
    "PostgreSQL refuses to run as root, and no unprivileged user is there or can be made",
    {
      hint: `make one (useradd --system ${OURS}), run tm-db as another user, or use --database-url postgres://…`,
    },
  );
}

/**
 * Throws when the user may not pass through one of the folders above `path`: PostgreSQL itself would only say
 * "permission denied" of some file.
 */
export function assertReachable(path: string, user: SystemUser): void {
  for (let dir = path; dir !== dirname(dir); dir = dirname(dir)) {
    const { mode, uid, gid } = statSync(dir);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw new TmDbError(
        "SERVER_START_FAILED",
        `the user ${user.name}, as whom the server runs, cannot reach ${path}`,
        {
          detail: `${dir} is closed to it`,
          hint: "name a folder that everybody may pass through: export TM_DB_DATA_HOME=/var/lib/tm-db",
        },
      );
    }
  }
}

function createOurs(): boolean {
  const system = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
  // shadow-utils (Debian, Fedora, …), then busybox (Alpine). Two processes may try at once: the look-up decides.
  return (
    succeeds("useradd", [...system, "--user-group", OURS]) ||
    (succeeds("addgroup", ["-S", OURS]) &&
      succeeds("adduser", ["-S", "-D", "-H", "-s", "/sbin/nologin", "-G", OURS, OURS])) ||
    lookUp(OURS) !== undefined
  );
}

function succeeds(command: string, args: readonly string[]): boolean {
  // root's PATH lacks the system folders in some images.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/bin:/bin` };
  return spawnSync(command, args, { stdio: "ignore", cwd: "/", env }).status === 0;
}

function lookUp(name: string): SystemUser | undefined {
  return fromPasswd(name) ?? fromId(name);
}

function fromPasswd(name: string): SystemUser | undefined {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((each) => each.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(":") ?? [];
    return uid === undefined || gid === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

/** Accounts that come from elsewhere: a directory service, macOS. */
function fromId(name: string): SystemUser | undefined {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    return { name, uid: ask("-u"), gid: ask("-g") };
  } catch {
    return undefined;
  }
}
