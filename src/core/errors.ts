/**
 * Every way in which tm-db can fail on purpose, with what it means for the exit code. `docs/errors.md` is generated
 * from this table, so a new code needs its sentence here, and its next step in scripts/docs/next-steps.ts.
 */
export const ERROR_CODES = {
  USAGE: { exit: 2, means: "The command line does not make sense: an unknown option, a missing argument." },
  CONFIG_INVALID: {
    exit: 2,
    means:
      "`tm-db.config.json` or an environment variable holds something that is not allowed, or names what is not there.",
  },
  PROJECT_NOT_FOUND: { exit: 2, means: "The folder holds no `migrations/`, so it is no project." },
  FILE_UNREADABLE: { exit: 2, means: "A file of the project cannot be read." },
  FILE_UNWRITABLE: { exit: 2, means: "A file or folder cannot be written: a read-only checkout, a full disk." },
  FILE_NOT_UTF8: { exit: 2, means: "A SQL file is not UTF-8." },
  MIGRATION_NAME: { exit: 2, means: "A file in `migrations/` is not named `NNNN_what.sql`, `.ts` or `.js`." },
  MIGRATION_DUPLICATE: { exit: 2, means: "Two migrations have the same number." },
  MIGRATION_DIRECTIVE: { exit: 2, means: "A `-- tm-db:` line is unknown, or names a file that is not there." },
  MIGRATION_INVALID: {
    exit: 2,
    means: "A TypeScript or JavaScript migration cannot be loaded, or exports nothing that can be run.",
  },
  MIGRATION_EDITED: { exit: 1, means: "A migration changed after it was applied." },
  MIGRATION_MISSING: { exit: 1, means: "A migration was applied here, and its file is gone." },
  MIGRATION_OUT_OF_ORDER: { exit: 1, means: "A new migration stands before one that is applied already." },
  MIGRATION_FORM: { exit: 2, means: "A migration is written for dbmate, whose markers mean nothing here." },
  IMPORT_REFUSED: { exit: 2, means: "A file of dbmate cannot be converted." },
  FILE_EXISTS: { exit: 2, means: "A file that would be written is there already." },
  SUM_MISMATCH: {
    exit: 1,
    means:
      "The files in `migrations/` are not those that `tm-db.sum` lists: another branch added one, or one was edited.",
  },
  MIGRATION_NO_WAY_BACK: { exit: 1, means: "A migration has no down part, so it cannot be rolled back." },
  MIGRATION_UNFINISHED: {
    exit: 1,
    means: "A migration that cannot run in a transaction began and did not end, so what of it is there is unknown.",
  },
  NOTHING_TO_RESOLVE: { exit: 1, means: "No migration is unfinished, so there is nothing to settle." },
  REPEATABLE_STATEMENT: {
    exit: 2,
    means: "A file in `functions/`, `views/` or `policies/` holds a statement that cannot be taken back.",
  },
  REPEATABLE_DUPLICATE: { exit: 2, means: "Two files declare the same object, policy, grant or comment." },
  OBJECT_EXISTS: { exit: 1, means: "A file wants to create an object that exists already and that no file made." },
  OBJECT_HELD: {
    exit: 1,
    means: "An object must be dropped, and something that tm-db does not manage depends on it.",
  },
  SQL_ERROR: { exit: 1, means: "PostgreSQL refused a statement of a file. The deployment was rolled back as a whole." },
  NOTHING_TO_ROLL_BACK: { exit: 1, means: "No deployment or migration is left to take back." },
  NOT_DEPLOYED: { exit: 2, means: "The database has no ledger: tm-db never deployed to it." },
  LEDGER_DAMAGED: {
    exit: 2,
    means: "Some of the ledger's tables are not there any more, so it cannot be told what was deployed.",
  },
  ALREADY_DEPLOYED: { exit: 1, means: "The database has a ledger already, so there is nothing to adopt." },
  ADOPTION_REFUSED: { exit: 1, means: "The database that shall be adopted is not what the files make." },
  DATABASE_NOT_EMPTY: {
    exit: 1,
    means: "The database holds tables that tm-db did not make, and was never deployed to by tm-db.",
  },
  LOCK_TIMEOUT: { exit: 1, means: "A lock was not free in time; the message says who holds it." },
  CONNECTION_REFUSED: { exit: 2, means: "No PostgreSQL answers at that address." },
  CONNECTION_LOST: {
    exit: 2,
    means: "The connection ended in the middle. PostgreSQL rolls back, unless it was committing just then.",
  },
  AUTHENTICATION_FAILED: { exit: 2, means: "PostgreSQL refuses the user name or the password." },
  DATABASE_MISSING: { exit: 2, means: "The server has no database of that name." },
  SERVER_TOO_OLD: { exit: 2, means: "The server is older than PostgreSQL 15, which security-invoker views need." },
  PERMISSION_DENIED: {
    exit: 2,
    means:
      "The role of the connection may not do what the deployment needs, or something of another role would run with its rights.",
  },
  DISK_FULL: { exit: 2, means: "The disk of the server, or of the project folder, is full." },
  SERVER_BINARIES_MISSING: { exit: 2, means: "The binaries of the asked PostgreSQL version are not installed." },
  SERVER_START_FAILED: { exit: 2, means: "The embedded server does not start; the message ends with its log." },
  SERVER_NOT_RUNNING: { exit: 2, means: "The embedded server of this project is not running." },
  SECRET_TOO_SHORT: { exit: 2, means: "A JWT secret must be at least 32 bytes long." },
  SECRET_MISSING: { exit: 2, means: "A token shall be signed or verified, and no JWT secret is known." },
  SECRET_ROTATION: {
    exit: 1,
    means: "The exchange of a JWT secret is not at the step that was asked for, and going on would void tokens.",
  },
  TOKEN_UNREADABLE: { exit: 2, means: "What was given is not a signed JSON Web Token that can be read." },
  TOKEN_USER_UNKNOWN: { exit: 1, means: "The database issues no token for that user." },
  POSTGREST_MISSING: { exit: 2, means: "There is no PostgREST program to start." },
  POSTGREST_FAILED: { exit: 2, means: "PostgREST did not become ready in time, or ended by itself." },
  CONFIRMATION_NEEDED: { exit: 2, means: "The command destroys data and nobody is there to confirm it." },
  NOT_CONFIRMED: { exit: 1, means: "Whoever was asked said no." },
  IMPERSONATION_REFUSED: {
    exit: 2,
    means: "A request cannot be made as that role, or would prove nothing: policies do not hold for it.",
  },
  CONTAINER_UNAVAILABLE: {
    exit: 2,
    means: "`--server container` was asked for, and testcontainers, a Docker engine or the image is not there.",
  },
  LINTER_UNUSABLE: {
    exit: 2,
    means: "squawk, which lints migrations, is not installed for this machine, or does not run.",
  },
  SEED_NOT_FOUND: { exit: 2, means: "The project has no seed of that name." },
  SEED_INVALID: { exit: 2, means: "A seed cannot be loaded, or names a table or column that is not there." },
  SEED_FAILED: { exit: 1, means: "A seed written in TypeScript or JavaScript threw an error while it made its rows." },
  TABLES_NOT_EMPTY: { exit: 1, means: "A seed would fill tables that hold rows already." },
  SEED_CHANGED_SCHEMA: {
    exit: 1,
    means: "An index or foreign key that was put aside while loading could not be made again exactly as it was.",
  },
  NOT_LOCAL: { exit: 2, means: "Data with known passwords would go to a database that may not be on this machine." },
  TEST_FILE_INVALID: {
    exit: 2,
    means: "A file of fixtures holds a command of psql or a statement that cannot be followed.",
  },
  NOTHING_TO_AUDIT: {
    exit: 2,
    means: "The database lacks a schema or role that PostgREST is configured with, so an audit would find nothing.",
  },
  NOTHING_EXPOSED: { exit: 2, means: "The API exposes nothing, so there is nothing that anybody could try." },
  MATRIX_INVALID: {
    exit: 2,
    means: "The committed access matrix cannot be read: after a conflict, or another version.",
  },
  NO_TESTS: { exit: 2, means: "There is no policy test to run." },
  TESTS_FAIL: { exit: 2, means: "A policy test fails without any damage, so it could not tell a damage." },
  POOLED_CONNECTION: {
    exit: 2,
    means: "A pooler in transaction mode answers, through which messages of NOTIFY do not get.",
  },
  PORT_UNAVAILABLE: { exit: 2, means: "The address that a service shall listen on is taken, or not this machine's." },
  INTERRUPTED: {
    exit: 130,
    means: "Ctrl-C, or a signal: what had begun was rolled back, or the message says what stays.",
  },
} as const satisfies Record<string, { readonly exit: 1 | 2 | 130; readonly means: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A place in a file: lines and columns count from 1, columns in characters. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text of that line, for the caret. */
  readonly text: string;
}

export interface TmDbErrorOptions {
  /** The next thing to do, as a command where there is one. */
  readonly hint?: string | undefined;
  /** PostgreSQL's own detail, or more lines about the same failure. */
  readonly detail?: string | undefined;
  readonly location?: SourceLocation | undefined;
  /** PostgreSQL's SQLSTATE, where it had one. */
  readonly sqlState?: string | undefined;
  /** Further problems of the same kind: every problem is reported, not the first. */
  readonly problems?: readonly Problem[] | undefined;
  readonly cause?: unknown;
}

/** One of several problems that stop a command together. */
export interface Problem {
  readonly message: string;
  readonly location?: SourceLocation | undefined;
}

/**
 * The only error that tm-db throws on purpose. `message` says what is wrong and names the object; `hint` is the next
 * command to type. Anything else that surfaces is a defect of tm-db, and exits with 3.
 */
export class TmDbError extends Error {
  override readonly name = "TmDbError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly location: SourceLocation | undefined;
  readonly sqlState: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: TmDbErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.detail = options.detail;
    this.location = options.location;
    this.sqlState = options.sqlState;
    this.problems = options.problems ?? [];
  }

  /** The same failure, with something said differently. */
  with(changes: TmDbErrorOptions & { readonly code?: ErrorCode; readonly message?: string }): TmDbError {
    const { code = this.code, message = this.message, ...options } = changes;
    const { hint, detail, location, sqlState, problems, cause } = this;
    return new TmDbError(code, message, { hint, detail, location, sqlState, problems, cause, ...options });
  }
}

/** Closes a `switch` over a union: a case that was forgotten is a type error. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
