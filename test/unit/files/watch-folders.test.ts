import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { watchFolders } from "../../../src/files/watch-folders.ts";

interface Watched {
  readonly dir: string;
  readonly write: (path: string) => void;
  /** Resolves once each of the paths was told since it was last asked. */
  readonly told: (...paths: string[]) => Promise<void>;
}

function watched(folders: readonly string[], made: readonly string[] = []): Watched {
  const dir = mkdtempSync(join(tmpdir(), "tm-db-watch-"));
  const write = (path: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), "");
  };
  for (const path of made) write(path);
  const seen = new Set<string>();
  const watch = watchFolders(dir, { folders, onChange: (path) => void seen.add(path) });
  onTestFinished(() => {
    watch.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const told = async (...paths: string[]): Promise<void> => {
    await expect.poll(() => paths.filter((path) => !seen.has(path)), { interval: 5, timeout: 5000 }).toEqual([]);
    seen.clear();
  };
  return { dir, write, told };
}

test("a file that is replaced by another one is told of each time, and so is one that is written", async () => {
  const { dir, write, told } = watched(["policies"], ["policies/api/tasks.sql"]);
  for (let time = 0; time < 3; time += 1) {
    write("policies/api/4913");
    renameSync(join(dir, "policies/api/4913"), join(dir, "policies/api/tasks.sql"));
    await told("policies/api/tasks.sql");
  }
  write("policies/api/tasks.sql");
  await told("policies/api/tasks.sql");
  rmSync(join(dir, "policies/api/tasks.sql"));
  await told("policies/api/tasks.sql");
});

test("folders that are made later, moved, or put in the place of others are watched, and what they brought is told", async () => {
  const { dir, write, told } = watched(["sql/views", "functions"], ["functions/a/one.sql"]);
  write("sql/views/b/two.sql");
  await told("sql/views/b/two.sql");
  write("sql/views/b/two.sql");
  await told("sql/views/b/two.sql");
  renameSync(join(dir, "functions/a"), join(dir, "functions/c"));
  await told("functions/c/one.sql");
  write("functions/c/one.sql");
  await told("functions/c/one.sql");
  rmSync(join(dir, "functions"), { recursive: true });
  write("functions/c/one.sql");
  await told("functions/c/one.sql");
  write("functions/c/one.sql");
  await told("functions/c/one.sql");
});

test("a folder may be a link; beside the folders only what lies in the root itself is told of", async () => {
  const { dir, write, told } = watched(["policies"], ["elsewhere/tasks.sql"]);
  symlinkSync("elsewhere", join(dir, "policies"));
  await told("policies/tasks.sql");
  write("elsewhere/tasks.sql");
  await told("policies/tasks.sql");
  write("tm-db.config.json");
  await told("tm-db.config.json");
});

test("what cannot be looked at ends nothing", async () => {
  const { dir, write, told } = watched(["policies", "views"], ["policies/a.sql"]);
  symlinkSync("views", join(dir, "views"));
  await told("views");
  symlinkSync("b", join(dir, "policies/b"));
  await told("policies/b");
  write("policies/a.sql");
  await told("policies/a.sql");
});
