import type { CommandResult } from "../core/command-result.ts";
import { assertNever, ERROR_CODES, TmDbError } from "../core/errors.ts";

/** 0 yes · 1 ran, and the answer is no · 2 could not run · 3 a defect of tm-db · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof TmDbError ? ERROR_CODES[error.code].exit : 3;
}

/** `check`: the question was whether the database is up to date. */
export function exitCodeOfResult(result: CommandResult, { check }: { readonly check: boolean }): ExitCode {
  switch (result.command) {
    case "status":
      return check && !result.upToDate ? 1 : 0;
    case "verify":
      return result.holds ? 0 : 1;
    case "plan":
      return result.allowed ? 0 : 1;
    case "drift":
      return result.equal ? 0 : 1;
    case "lint":
      return result.findings.length === 0 ? 0 : 1;
    case "test":
    case "audit":
      return result.passed ? 0 : 1;
    case "token decode":
      return result.accepted === false ? 1 : 0;
    case "doctor":
      return result.healthy ? 0 : 1;
    case "matrix":
      return result.holds ? 0 : 1;
    case "migrate":
    case "up":
    case "stop":
    case "rollback":
    case "new":
    case "sum":
    case "import":
    case "refresh":
    case "seed":
    case "listen":
    case "adopt":
    case "reset":
    case "resolve":
    case "env":
    case "postgrest config":
    case "token":
    case "secret prepare":
    case "secret rotate":
    case "secret revoke":
    case "secret status":
    case "audit-rules":
      return 0;
    default:
      return assertNever(result);
  }
}
