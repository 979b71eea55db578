import { access, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { unwritable } from "../core/unwritable.ts";

/** Names of the files of a folder (not of folders below it). @throws TmDbError FILE_UNREADABLE. */
export async function listFiles(projectDir: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(projectDir, folder), { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${folder}/: ${(error as Error).message}`, {
      hint: "name the folder that holds the files, from the project's folder: npx tm-db import db/migrations",
      cause: error,
    });
  }
}

/**
 * Writes files that are not there yet: all of them, or none. Returns what removes them again.
 * @throws TmDbError FILE_EXISTS naming each file that is there; FILE_UNWRITABLE; INTERRUPTED.
 */
export async function writeNewFiles(
  projectDir: string,
  files: readonly { readonly path: string; readonly text: string }[],
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  await refuseExisting(projectDir, files);
  const written: string[] = [];
  const undo = async (): Promise<void> => {
    for (const path of written) await rm(path, { force: true });
  };
  try {
    for (const { path, text } of files) {
      signal?.throwIfAborted();
      const target = join(projectDir, path);
      // Made empty first: only what is ours is removed when something fails.
      await writeFile(target, "", { flag: "wx" });
      written.push(target);
      await writeFile(target, text);
    }
    return undo;
  } catch (error) {
    await undo();
    if (signal?.aborted === true)
      throw new TmDbError("INTERRUPTED", "interrupted; nothing was written", { cause: error });
    throw unwritable("nothing was written", error, "check the permissions of the folder, and run the command again");
  }
}

async function refuseExisting(projectDir: string, files: readonly { readonly path: string }[]): Promise<void> {
  const isThere = await Promise.all(
    files.map(async ({ path }) =>
      access(join(projectDir, path)).then(
        () => true,
        () => false,
      ),
    ),
  );
  const existing = files.filter((_, index) => isThere[index]);
  if (existing.length === 0) return;
  throw new TmDbError("FILE_EXISTS", "files are there already; nothing was written", {
    problems: existing.map(({ path }) => ({ message: path })),
    hint: "remove them, or move the sources of those that were imported before to another folder",
  });
}
