import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The commit that a checkout is at, read from `.git` without running git; undefined where the folder is no checkout. */
export async function readCommit(projectDir: string): Promise<string | undefined> {
  const gitDir = await findGitDir(projectDir);
  if (gitDir === undefined) return undefined;
  const head = await readText(join(gitDir, "HEAD"));
  const ref = /^ref: (.+)$/m.exec(head ?? "")?.[1];
  if (ref === undefined) return asCommit(head);
  const commonDir = resolve(gitDir, (await readText(join(gitDir, "commondir")))?.trim() ?? ".");
  const loose = (await readText(join(gitDir, ref))) ?? (await readText(join(commonDir, ref)));
  if (loose !== undefined) return asCommit(loose);
  const packed = await readText(join(commonDir, "packed-refs"));
  return packed
    ?.split("\n")
    .find((line) => line.endsWith(` ${ref}`))
    ?.slice(0, 40);
}

async function findGitDir(from: string): Promise<string | undefined> {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    const path = join(dir, ".git");
    if ((await readText(join(path, "HEAD"))) !== undefined) return path;
    // In a worktree or submodule, .git is a file that says where the real folder is.
    const pointer = /^gitdir: (.+)$/m.exec((await readText(path)) ?? "")?.[1];
    if (pointer !== undefined) return resolve(dir, pointer);
    if (dir === dirname(dir)) return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

function asCommit(text: string | undefined): string | undefined {
  return /^[0-9a-f]{40,64}/.exec(text ?? "")?.[0];
}
