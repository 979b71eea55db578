import type { StepAction } from "./event.ts";
import type { Finding } from "./finding.ts";
import type { SumDifference } from "./migration-sum.ts";

/** What a command found or did, as `--json` prints it (with `ok: true` before it) and `report/` words it. */
export type CommandResult =
  | MigrateResult
  | UpResult
  | StopResult
  | RollbackResult
  | StatusResult
  | NewResult
  | ResetResult
  | VerifyResult
  | RefreshResult
  | ResolveResult
  | LintResult
  | SumResult
  | ImportResult
  | SeedResult
  | EnvResult;

/** Where a command worked: never with a password. */
export interface DatabaseName {
  /** `user@host:port/database`. */
  readonly address: string;
  /** What chose it: `the embedded server`, `--database-url`, `DATABASE_URL`, `PG* variables`. */
  readonly source: string;
  /** PostgreSQL's version, as it calls itself. */
  readonly version: string;
}

/** One thing that a deployment or rollback did, or with `dryRun` would do. */
export interface StepResult {
  readonly action: StepAction;
  readonly path: string;
  /** Milliseconds; null in a dry run. */
  readonly ms: number | null;
  /** For files that step aside because of another: which one. */
  readonly because?: string;
}

export interface MigrateResult {
  readonly command: "migrate";
  readonly database: DatabaseName;
  readonly dryRun: boolean;
  /** Id of the deployment in the ledger; null where there was nothing to do, or in a dry run. */
  readonly deployment: string | null;
  readonly steps: readonly StepResult[];
  readonly warnings: readonly string[];
  readonly secrets: SecretsResult;
  /** Milliseconds from lock to commit. */
  readonly ms: number;
}

/** What became of the secrets; their values appear nowhere. */
export interface SecretsResult {
  readonly jwtSecret: "not configured" | "kept" | "generated" | "set from TM_DB_JWT_SECRET";
  readonly authenticatorPassword: "kept" | "set" | "not set";
}

export interface UpResult {
  readonly command: "up";
  readonly database: DatabaseName;
  readonly server: { readonly kind: "embedded" | "url"; readonly started: boolean; readonly created: boolean };
  readonly deployment: MigrateResult;
  /** Whether development data was loaded by this run. */
  readonly seeded: boolean;
  /** What the development data shows when it is loaded: who can log in, and how. */
  readonly accounts: SeedResult["accounts"];
  readonly next: {
    /** For PostgREST, without its password: `tm-db env` prints it whole. */
    readonly authenticatorUrl: string;
    readonly startPostgrest: string;
    readonly token: { readonly user: string; readonly token: string } | null;
    /** The configured development user, where this database does not have them. */
    readonly missingUser: string | null;
  };
}

export interface StopResult {
  readonly command: "stop";
  readonly wasRunning: boolean;
}

export interface RollbackResult {
  readonly command: "rollback";
  readonly database: DatabaseName;
  readonly dryRun: boolean;
  readonly steps: readonly StepResult[];
  /** Files that will be, or are, gone because what they need went. */
  readonly leftOut: readonly string[];
  /** The SQL of the migrations' down parts, in the order in which it runs; only in a dry run. */
  readonly sql: readonly { readonly path: string; readonly sql: string }[];
  readonly ms: number;
}

export interface StatusResult {
  readonly command: "status";
  readonly database: DatabaseName;
  readonly files: readonly {
    readonly path: string;
    readonly kind: "migration" | "repeatable";
    readonly state:
      "applied" | "pending" | "unfinished" | "changed" | "edited" | "missing" | "removed" | "out-of-order";
  }[];
  readonly deployments: readonly {
    readonly id: string;
    readonly kind: "migrate" | "rollback";
    readonly startedAt: string;
    readonly durationMs: number;
    readonly deployedBy: string;
    readonly rolledBackBy: string | null;
  }[];
  /** Whether the database is what the files say, as far as the ledger knows. */
  readonly upToDate: boolean;
}

export interface NewResult {
  readonly command: "new";
  readonly path: string;
}

export interface ResetResult {
  readonly command: "reset";
  readonly up: UpResult;
}

export interface ResolveResult {
  readonly command: "resolve";
  readonly database: DatabaseName;
  readonly path: string;
  readonly as: "applied" | "rolled-back";
}

export interface RefreshResult {
  readonly command: "refresh";
  readonly database: DatabaseName;
  readonly views: readonly { readonly name: string; readonly concurrently: boolean; readonly ms: number }[];
  /** What the functions of `recount` answered: by custom the number of rows that were wrong. */
  readonly functions: readonly { readonly name: string; readonly answer: string | null; readonly ms: number }[];
  readonly ms: number;
}

export interface SeedResult {
  readonly command: "seed";
  readonly database: DatabaseName;
  /** The seed's file. */
  readonly path: string;
  /** Empty for a seed that is SQL: what it does is its own affair. */
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly ms: number }[];
  /** What was made after the load instead of before it; `ms` is how long that took. */
  readonly putAside: { readonly indexes: number; readonly foreignKeys: number; readonly ms: number };
  /** What the functions of `recount` answered. */
  readonly functions: RefreshResult["functions"];
  /** Whether PostgreSQL's planner was given statistics about the rows. */
  readonly analyzed: boolean;
  /** What the seed shows: who can log in, and how. Passwords of development data are meant to be known. */
  readonly accounts: readonly Readonly<Record<string, string>>[];
  readonly ms: number;
}

export interface VerifyResult {
  readonly command: "verify";
  readonly server: DatabaseName;
  readonly checks: readonly VerifyCheck[];
  /** Whether every check found the catalogs equal. */
  readonly holds: boolean;
  readonly ms: number;
}

export interface VerifyCheck {
  /** The migration's file, or `everything`. */
  readonly subject: string;
  /** `down`: as before it · `up again`: as after the first time · `nothing to do`: a second deployment. */
  readonly check: "down" | "up again" | "nothing to do" | "no way back";
  readonly differences: readonly {
    readonly kind: "missing" | "extra" | "different";
    readonly object: string;
    readonly detail: string;
  }[];
}

export interface LintResult {
  readonly command: "lint";
  /** Which migrations were linted: pending in `database` · every one (`--all`, or no server runs) · the named ones. */
  readonly scope: "pending" | "all" | "no server" | "named";
  /** Whose ledger said what is pending; null where no database was asked. */
  readonly database: DatabaseName | null;
  /** How many were linted. */
  readonly migrations: number;
  /** How many functions, views and policies were linted. */
  readonly repeatables: number;
  readonly findings: readonly Finding[];
}

export interface SumResult extends SumDifference {
  readonly command: "sum";
  /** Of the file that was written, relative to the project. */
  readonly path: string;
}

export interface ImportResult {
  readonly command: "import";
  readonly dryRun: boolean;
  readonly files: readonly ImportedFile[];
  /** Files of the folder that are no migrations. */
  readonly skipped: readonly string[];
}

export interface ImportedFile {
  readonly from: string;
  readonly to: string;
  /** What could not be said the same way. */
  readonly notes: readonly string[];
}

/** The only result that holds secrets: `tm-db env` is asked for them. */
export interface EnvResult {
  readonly command: "env";
  readonly variables: Readonly<Record<string, string>>;
}
