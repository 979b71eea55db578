import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The commit that a checkout is at, read from `.git` without running git; undefined where the folder is no checkout. */
export function readCommit(projectDir: string): string | undefined {
  const gitDir = findGitDir(projectDir);
  if (gitDir === undefined) return undefined;
  const head = readText(join(gitDir, "HEAD"));
  const ref = /^ref: (.+)$/m.exec(head ?? "")?.[1];
  if (ref === undefined) return asCommit(head);
  const commonDir = resolve(gitDir, readText(join(gitDir, "commondir"))?.trim() ?? ".");
  const loose = readText(join(gitDir, ref)) ?? readText(join(commonDir, ref));
  if (loose !== undefined) return asCommit(loose);
  const packed = readText(join(commonDir, "packed-refs"));
  return packed
    ?.split("\n")
    .find((line) => line.endsWith(` ${ref}`))
    ?.slice(0, 40);
}

function findGitDir(from: string): string | undefined {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    const path = join(dir, ".git");
    if (readText(join(path, "HEAD")) !== undefined) return path;
    // In a worktree or submodule, .git is a file that says where the real folder is.
    const pointer = /^gitdir: (.+)$/m.exec(readText(path) ?? "")?.[1];
    if (pointer !== undefined) return resolve(dir, pointer);
    if (dir === dirname(dir)) return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function asCommit(text: string | undefined): string | undefined {
  return /^[0-9a-f]{40,64}/.exec(text ?? "")?.[0];
}
