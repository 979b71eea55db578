import { type FSWatcher, lstatSync, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { TmDbError } from "../core/errors.ts";

/** What is watched, and who is told. */
export interface WatchedFolders {
  /** Relative to the root, with `/` in between. Those that are made later are watched from then on. */
  readonly folders: readonly string[];
  /** Is told of each file that is written, made, removed or renamed: in the root itself, in the folders, and below. */
  readonly onChange: (path: string) => void;
}

/**
 * Watches folders, and never a file: editors save by putting another file in its place, and what watches the file goes on
 * watching the one that is gone. So does `recursive` on Linux, where Node watches each file. Ends with `close`.
 * @throws TmDbError FILE_UNREADABLE where there are too many, or the root cannot be read.
 */
export function watchFolders(root: string, watched: WatchedFolders): { readonly close: () => void } {
  const tree = new FolderTree(root, watched);
  try {
    tree.add("");
  } catch (error) {
    tree.close();
    if (!isSystemError(error)) throw error;
    throw new TmDbError("FILE_UNREADABLE", `cannot watch ${root}: ${error.message}`, {
      hint:
        error.code === "ENOSPC"
          ? "more folders than the system lets one watch: raise fs.inotify.max_user_watches (sysctl)"
          : `look at what is there: ls -ld ${root}`,
      cause: error,
    });
  }
  return tree;
}

class FolderTree {
  readonly #root: string;
  readonly #watched: WatchedFolders;
  /** By the folder's path. */
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(root: string, watched: WatchedFolders) {
    this.#root = root;
    this.#watched = watched;
  }

  /** Watches a folder and those in it, and tells of their files if there is somebody to tell. */
  add(folder: string, onFile?: (path: string) => void): void {
    if (!this.#isFolder(folder)) return;
    // First watched, then read: what is written in between is seen twice and not missed.
    const watcher = watch(join(this.#root, folder), (event, name) => {
      if (name !== null) this.#onEvent(event, below(folder, name));
    });
    // Of a folder that is taken away under it; the one above tells of that.
    watcher.on("error", () => this.#remove(folder));
    this.#watchers.set(folder, watcher);
    for (const entry of readdirSync(join(this.#root, folder), { withFileTypes: true })) {
      const path = below(folder, entry.name);
      if (!entry.isDirectory()) onFile?.(path);
      this.#addIfThere(path, onFile);
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #addIfThere(folder: string, onFile?: (path: string) => void): void {
    try {
      this.add(folder, onFile);
    } catch (error) {
      // Gone again before it was read, closed to this user, a link to itself: who reads the project says so.
      if (!isSystemError(error) || (error.code === "ENOSPC" && onFile === undefined)) throw error;
      this.#remove(folder);
    }
  }

  #onEvent(event: string, path: string): void {
    const { onChange } = this.#watched;
    onChange(path);
    if (event !== "rename") return;
    // Another folder of that name may have come in its place, with files that were written before it was watched.
    this.#remove(path);
    this.#addIfThere(path, onChange);
  }

  #remove(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }

  /** Whether it is one, and wanted: what leads to a folder, be it by a link, or what is in one. */
  #isFolder(path: string): boolean {
    const { folders } = this.#watched;
    const full = join(this.#root, path);
    if (path === "" || folders.some((folder) => `${folder}/`.startsWith(`${path}/`)))
      return statSync(full, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!folders.some((folder) => path.startsWith(`${folder}/`))) return false;
    return lstatSync(full, { throwIfNoEntry: false })?.isDirectory() === true;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

function below(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
