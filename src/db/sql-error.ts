import type { DatabaseError } from "pg";
import { type SourceLocation, TmDbError } from "../core/errors.ts";
import { isDatabaseError } from "./run-script.ts";

/** PostgreSQL's refusal in tm-db's form. Codes that have their own meaning for a deployment get their own error. */
export function sqlError(error: DatabaseError, location: SourceLocation | undefined): TmDbError {
  const detail = [error.detail, error.where].filter((text) => text !== undefined).join("\n");
  const options = { location, sqlState: error.code, detail: detail === "" ? undefined : detail, cause: error };
  const at = location === undefined ? "" : ` in ${location.file}`;
  if (isDiskFull(error)) return new TmDbError("DISK_FULL", error.message, { ...options, hint: diskHint(error) });
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
    // invalid_transaction_termination: a procedure that commits.
    case "2D000":
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: "a migration that commits begins with the line: -- tm-db: no-transaction   (drift and plan --locks build in one transaction all the same, and cannot run it)",
      });
    // unsafe_new_enum_value_usage. In a database that is built from nothing the type is new too, and all goes well.
    case "55P04":
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: "add the value in a migration of its own, which begins with the line: -- tm-db: no-transaction",
      });
    // duplicate_object, as `create role` says it.
    case "42710":
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: error.routine === "CreateRole" ? ROLE_HINT : (error.hint ?? mendHint(at)),
      });
    default:
      return new TmDbError("SQL_ERROR", error.message, {
        ...options,
        hint: error.hint ?? mendHint(at),
      });
  }
}

/**
 * Whether the server's disk is full. `create database` and `drop database` wait for a checkpoint, which another process
 * makes: of its failure they know no more than that there was one.
 */
export function isDiskFull(error: unknown): boolean {
  return isDatabaseError(error) && (error.code === "53100" || error.routine === "RequestCheckpoint");
}

function diskHint(error: DatabaseError): string {
  const hint = "make room on the server's disk, and run the command again";
  return error.code === "53100" ? hint : `${hint}; if there is room, the server's log says what failed`;
}

/** The same of a statement of tm-db's own, in which there is nothing to mend; what PostgreSQL did not say stays as it is. */
export function ownSqlError(error: unknown): unknown {
  if (!isDatabaseError(error)) return error;
  const found = sqlError(error, undefined);
  if (found.code !== "SQL_ERROR") return found;
  return found.with({ hint: error.hint ?? "run the command again; the server's log may say more" });
}

const UNCHANGED = "nothing was changed; ";

function mendHint(at: string): string {
  return `${UNCHANGED}mend the statement${at} and run the command again`;
}

/** An error of something that came after what is done and stays, as `done` says. */
export function withDone(error: unknown, done: string): unknown {
  if (!(error instanceof TmDbError)) return error;
  const detail = [error.detail, done].filter((text) => text !== undefined).join("\n");
  return error.with({ detail, hint: error.hint?.replace(UNCHANGED, "") });
}

const ROLE_HINT = [
  "a role belongs to the whole server, so another database may have made it; make it only where it is missing:",
  "do $$ begin create role …; exception when duplicate_object then null; end $$;",
].join("\n");
