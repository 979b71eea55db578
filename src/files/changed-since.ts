import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { TmDbError } from "../core/errors.ts";

const run = promisify(execFile);

/**
 * The files of a project that differ from what they were at a commit, branch or tag, new and uncommitted ones included,
 * relative to the project. Asks git.
 * @throws TmDbError USAGE where git is missing, the folder is no checkout, or git knows no such commit.
 */
export async function changedSince(projectDir: string, ref: string): Promise<ReadonlySet<string>> {
  // What looks like an option is no commit, and git shall not take it for one.
  const commit = await git(
    projectDir,
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`],
    ref,
  );
  const [changed, added] = await Promise.all([
    git(projectDir, ["diff", "--name-only", "--relative", "-z", commit.trim()], ref),
    git(projectDir, ["ls-files", "--others", "--exclude-standard", "-z"], ref),
  ]);
  return new Set([...changed.split("\0"), ...added.split("\0")].filter((path) => path !== ""));
}

async function git(projectDir: string, args: readonly string[], ref: string): Promise<string> {
  try {
    const { stdout } = await run("git", ["-C", projectDir, ...args], { maxBuffer: 64 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { code, stderr = "" } = error as { readonly code?: string | number; readonly stderr?: string };
    const why =
      code === "ENOENT"
        ? "git is not installed"
        : stderr.trim() === ""
          ? "git knows no such commit, branch or tag here"
          : (stderr.trim().split("\n")[0] ?? "");
    throw new TmDbError("USAGE", `--since ${ref}: ${why}`, {
      hint: "name a commit that is there, such as: npx tm-db mutate --since HEAD~1   (a shallow clone has few: git fetch --unshallow)",
      cause: error,
    });
  }
}
