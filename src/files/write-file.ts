import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { unwritable } from "../core/unwritable.ts";

/**
 * Writes a file that people commit, at no moment half of it: on a full disk, what was there stays. Folders are made, a link
 * is followed, and owner and mode stay. `path` counts from the project's folder.
 * @throws TmDbError FILE_UNWRITABLE with `hint`, DISK_FULL.
 */
export function writeWholeFile(
  { projectDir }: Pick<Config, "projectDir">,
  path: string,
  text: string,
  hint: string,
): void {
  const named = join(projectDir, path);
  let draft: string | undefined;
  try {
    const before = statSync(named, { throwIfNoEntry: false });
    const file = before === undefined ? named : realpathSync(named);
    makeFolder(dirname(file));
    // Beside it, because renaming is atomic within a file system only.
    draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}`);
    writeFileSync(draft, text, { flag: "wx" });
    if (before !== undefined) {
      chmodSync(draft, before.mode & 0o777);
      if (process.geteuid?.() === 0) chownSync(draft, before.uid, before.gid);
    }
    renameSync(draft, file);
  } catch (error) {
    if (draft !== undefined) rmSync(draft, { force: true });
    throw unwritable(`cannot write ${path}`, error, hint);
  }
}

/** One after the other: of a file system that is read-only, `recursive` says that the folder is not there. */
function makeFolder(dir: string): void {
  if (existsSync(dir)) return;
  makeFolder(dirname(dir));
  mkdirSync(dir);
}
