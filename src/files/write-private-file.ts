import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import { unwritable } from "../core/unwritable.ts";

/**
 * Writes a file that only its owner may read, at no moment more, and at no moment half of it. A file that is there is
 * replaced only if it is empty or its first line is `mark`; where root writes, it stays its owner's, except in a folder
 * such as /tmp, where anybody may have put it to be given what is written. Says whether anything changed.
 * @throws TmDbError FILE_EXISTS for somebody else's file; FILE_UNWRITABLE, DISK_FULL.
 */
export function writePrivateFile(path: string, text: string, mark: string): "written" | "unchanged" {
  const before = readOwn(path, mark);
  const owner = process.geteuid?.() === 0 && !isEverybodys(dirname(path)) ? before : undefined;
  if (before?.text === text && before.isPrivate) return "unchanged";
  // Beside it, because renaming is atomic within a file system only.
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = openSync(draft, "wx", 0o600);
    try {
      if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const folder = dirname(path);
    const hint = existsSync(folder)
      ? "name another file: --output <file>"
      : `make its folder: mkdir -p ${quoteForShell(folder)}`;
    throw unwritable(`cannot write ${path}`, error, hint);
  }
  return "written";
}

function isEverybodys(folder: string): boolean {
  return ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0;
}

interface OwnFile {
  readonly text: string;
  readonly isPrivate: boolean;
  readonly uid: number;
  readonly gid: number;
}

function readOwn(path: string, mark: string): OwnFile | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isFile()) {
    const text = readText(path);
    if (text === "" || text.startsWith(`${mark}\n`))
      return { text, isPrivate: (found.mode & 0o077) === 0, uid: found.uid, gid: found.gid };
  }
  throw new TmDbError("FILE_EXISTS", `${path} is there already, and tm-db did not write it`, {
    hint: "move it away, or name another file: --output <file>",
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`, {
      hint: "name another file: --output <file>",
      cause: error,
    });
  }
}
