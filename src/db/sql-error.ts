import type { DatabaseError } from "pg";
import { type SourceLocation, TmDbError } from "../core/errors.ts";

/** PostgreSQL's refusal in tm-db's form. Codes that have their own meaning for a deployment get their own error. */
export function sqlError(error: DatabaseError, location: SourceLocation | undefined): TmDbError {
  const detail = [error.detail, error.where].filter((text) => text !== undefined).join("\n");
  const options = { location, sqlState: error.code, detail: detail === "" ? undefined : detail, cause: error };
  const at = location === undefined ? "" : ` in ${location.file}`;
  switch (error.code) {
    case "55P03":
      return new TmDbError("LOCK_TIMEOUT", error.message, {
        ...options,
        hint: error.hint ?? "run the command again when the other session has finished, or raise --lock-timeout",
      });
    case "42501":
      return new TmDbError("PERMISSION_DENIED", error.message, {
        ...options,
        hint: error.hint ?? "connect as the owner of the database; creating roles needs CREATEROLE",
      });
    // active_sql_transaction: `create index concurrently` and its like.
    case "25001":
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: "begin the migration with the line: -- tm-db: no-transaction   (its down part runs in one all the same)",
      });
    case "53100":
      return new TmDbError("DISK_FULL", error.message, {
        ...options,
        hint: "make room on the server's disk, and run the command again",
      });
    default:
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: error.hint ?? `nothing was changed; mend the statement${at} and run the command again`,
      });
  }
}
