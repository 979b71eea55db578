import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Whether a process exists and runs. A zombie does not: where nothing reaps orphans (many containers) it stays forever. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return process.platform !== "linux" || statFields(pid)?.[0] !== "Z";
}

/**
 * Tells a process from a later one that got the same number: its start time, in whatever unit the system has.
 * Undefined when there is no such process.
 */
export function startTime(pid: number): string | undefined {
  // Field 22 of proc(5)'s stat, the 20th after the command's closing parenthesis.
  return process.platform === "linux" ? statFields(pid)?.[19] : askPs(pid, "lstart=");
}

/** The words a process was started with, joined by spaces; undefined when there is none or it cannot be read. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== "linux") return askPs(pid, "command=");
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return undefined;
  }
}

function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command, in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function askPs(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-ww", "-o", column, "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
