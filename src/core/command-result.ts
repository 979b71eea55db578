import type { StepAction } from "./event.ts";
import type { TestCounts, TestFileResult, TouchedSummary } from "./test-result.ts";

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
  | EnvResult
  | TestResult;

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
    readonly state: "applied" | "pending" | "changed" | "edited" | "missing" | "removed" | "out-of-order";
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

export interface RefreshResult {
  readonly command: "refresh";
  readonly database: DatabaseName;
  readonly views: readonly { readonly name: string; readonly concurrently: boolean; readonly ms: number }[];
  /** What the functions of `recount` answered: by custom the number of rows that were wrong. */
  readonly functions: readonly { readonly name: string; readonly answer: string | null; readonly ms: number }[];
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

/** The only result that holds secrets: `tm-db env` is asked for them. */
export interface EnvResult {
  readonly command: "env";
  readonly variables: Readonly<Record<string, string>>;
}

/** What the policy tests of a project came to. */
export interface TestResult {
  readonly command: "test";
  /** The server that the databases of the tests were made on. */
  readonly server: DatabaseName;
  readonly template: {
    readonly name: string;
    /** Whether this run built it; otherwise an earlier one had. */
    readonly built: boolean;
  };
  /** In the order of their paths, whatever the order in which they ran. */
  readonly files: readonly TestFileResult[];
  /** Files that were not run: after `--bail`, or `Bail out!`. */
  readonly notRun: readonly string[];
  readonly counts: TestCounts;
  readonly touched: TouchedSummary;
  /** Of `--shuffle`; null without it. */
  readonly seed: number | null;
  /** Whether every file ran and passed. */
  readonly passed: boolean;
  /** Milliseconds from start to end, the making of databases counted. */
  readonly ms: number;
}
