import { TmDbError } from "../core/errors.ts";

/** What a failed write below `.tm-db/` means to the user: DISK_FULL, or FILE_UNWRITABLE with a way around it. */
export function writeError(path: string, error: unknown): TmDbError {
  if (error instanceof TmDbError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new TmDbError("DISK_FULL", `no space left to write ${path}`, {
      hint: "free some space and run the command again",
      cause: error,
    });
  }
  return new TmDbError("FILE_UNWRITABLE", `cannot write ${path}`, {
    detail: message,
    hint: "use a writable copy of the project, or a server of your own: --database-url postgres://…",
    cause: error,
  });
}
