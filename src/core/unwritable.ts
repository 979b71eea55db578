import { TmDbError } from "./errors.ts";

/** A write that failed: DISK_FULL, or FILE_UNWRITABLE with `hint`. `what` names it, as in `cannot write audit.baseline.json`. */
export function unwritable(what: string, error: unknown, hint: string): TmDbError {
  const { code, message } = error as NodeJS.ErrnoException;
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new TmDbError(isFull ? "DISK_FULL" : "FILE_UNWRITABLE", `${what}: ${message}`, {
    hint: isFull ? "free some space and run the command again" : hint,
    cause: error,
  });
}
