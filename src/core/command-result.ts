import type { AuditFinding, AuditRuleText, FailOn } from "./audit.ts";
import type { StepAction } from "./event.ts";
import type { LocatedChange, Matrix } from "./matrix.ts";
import type { LockMode } from "./lock-modes.ts";
import type { Finding } from "./finding.ts";
import type { MutantCounts, MutantResult, StaleEquivalent } from "./mutation-result.ts";
import type { SumDifference } from "./migration-sum.ts";
import type { TestCounts, TestFileResult, TouchedSummary } from "./test-result.ts";

/** What a command found or did, as `--json` prints it (with `ok: true` before it) and `report/` words it. */
export type CommandResult =
  | MutateResult
  | MigrateResult
  | UpResult
  | StopResult
  | RollbackResult
  | StatusResult
  | NewResult
  | ResetResult
  | VerifyResult
  | RefreshResult
  | DriftResult
  | PlanResult
  | AdoptResult
  | ResolveResult
  | LintResult
  | AuditResult
  | AuditRulesResult
  | SumResult
  | ImportResult
  | SeedResult
  | ListenResult
  | EnvResult
  | PostgrestConfigResult
  | TokenResult
  | TokenDecodeResult
  | SecretResult
  | TestResult
  | MatrixResult
  | DoctorResult;

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
  readonly jwtSecret: "not configured" | "no such column" | "kept" | "generated" | "set from TM_DB_JWT_SECRET";
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
    /** For PostgREST, without its password: `tm-db env` prints it whole. Null while there is no such role. */
    readonly authenticatorUrl: string | null;
    readonly startPostgrest: string;
    readonly token: { readonly user: string; readonly token: string } | null;
    /** The configured development user, where this database does not have them. */
    readonly missingUser: string | null;
    /** Whether the project has a seed `dev`, which `reset` would load. */
    readonly hasDevelopmentData: boolean;
    /** What keeps PostgREST from serving this database, each with what mends it. */
    readonly problems: readonly string[];
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
  /** Those among them whose tables keep row level security, without a policy, until the file is applied again. */
  readonly closed: readonly string[];
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
    readonly kind: "migrate" | "rollback" | "adopt";
    readonly startedAt: string;
    readonly durationMs: number;
    readonly deployedBy: string;
    readonly rolledBackBy: string | null;
  }[];
  /** Objects in the files' schemas that no file seems to make; `tm-db drift` says it for certain. */
  readonly orphans: readonly string[];
  /** Those that the setting `ignore` left out. */
  readonly ignoredOrphans: readonly string[];
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

/** After `count` messages; otherwise `listen` ends by being interrupted. */
export interface ListenResult {
  readonly command: "listen";
  readonly channels: readonly string[];
  /** How many came. */
  readonly messages: number;
}

export interface VerifyResult {
  readonly command: "verify";
  readonly server: DatabaseName;
  readonly checks: readonly VerifyCheck[];
  /** What was not checked, or not to its end, and why. */
  readonly unchecked: readonly VerifyGap[];
  /** Whether every check that was made found the catalogs and rows equal. */
  readonly holds: boolean;
  readonly ms: number;
}

export interface VerifyCheck {
  /** The migration's file, or `everything`. */
  readonly subject: string;
  /**
   * `down`: as before it · `up again`: as after the first time · `nothing to do`: a second deployment · `rows kept`:
   * with development data loaded, what stood in the tables before it.
   */
  readonly check: "down" | "up again" | "nothing to do" | "rows kept" | "no way back";
  readonly differences: readonly Difference[];
  /** Why the step could not be carried out, with file, line and column; null if it was. */
  readonly failure: string | null;
}

export interface VerifyGap {
  /** `everything`: down to nothing, up again and once more · `rows kept`: as of a check. */
  readonly check: "everything" | "rows kept";
  readonly because: string;
}

/** How a catalog differs from what it should be. */
export interface Difference {
  readonly kind: "missing" | "extra" | "different";
  /** In words: `policy select_member on api.tasks`. */
  readonly object: string;
  /** For `different`: which property, and both its values, the expected one first; may have several lines. */
  readonly detail: string;
}

/** What the setting `ignore` left out of a comparison. */
export interface IgnoredDifferences {
  readonly differences: readonly Difference[];
  /** Entries of the setting that name nothing: neither the files nor the database have it. */
  readonly unmatched: readonly string[];
}

export interface DriftResult {
  readonly command: "drift";
  readonly database: DatabaseName;
  /** What the database was compared with: the files as they were deployed, or as they are now. */
  readonly against: "deployed" | "files";
  /** `extra` is what no file makes. */
  readonly differences: readonly Difference[];
  readonly ignored: IgnoredDifferences;
  /** Roles that the deploying role may not make anew on a scratch database: what was given to them by hand is not seen. */
  readonly rolesAsTheyAre: readonly string[];
  /** SQL that would make the database what the files say; null if it was not asked for. */
  readonly sql: {
    readonly statements: readonly string[];
    /** Differences that no statement is about, in words. */
    readonly leftOut: readonly string[];
  } | null;
  readonly equal: boolean;
  readonly ms: number;
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

export interface AuditResult {
  readonly command: "audit";
  /** With `audited: "files"`, whose server the scratch database was on. */
  readonly database: DatabaseName;
  readonly audited: "database" | "files";
  /** Names of the rules that were asked. */
  readonly rules: readonly string[];
  readonly findings: readonly AuditFinding[];
  /** What the baseline accepts, and why. */
  readonly accepted: readonly (AuditFinding & { readonly reason: string })[];
  /** What lies in schemas that the setting `ignore` names. */
  readonly ignored: readonly AuditFinding[];
  /** Null where the project has none; `written`: by this run. */
  readonly baseline: { readonly path: string; readonly written: boolean } | null;
  readonly failOn: FailOn;
  /** Whether no finding is as bad as `failOn`. */
  readonly passed: boolean;
  /** Milliseconds. */
  readonly ms: number;
}

export interface AuditRulesResult {
  readonly command: "audit-rules";
  /** Whether one rule was asked for, to be read. */
  readonly explained: boolean;
  readonly rules: readonly AuditRuleText[];
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

/** What PostgREST was told; the values, secrets among them, are in the file only. */
export interface PostgrestConfigResult {
  readonly command: "postgrest config";
  readonly database: DatabaseName;
  /** PostgREST's own file · a file of `PGRST_…` lines · settings of the role that PostgREST logs in as. */
  readonly form: "file" | "variables" | "database";
  /** Absolute; null for `database`. */
  readonly path: string | null;
  readonly change: "written" | "unchanged";
  /** Names of the options. */
  readonly names: readonly string[];
  /** Whether the password of PostgREST's role stands in the file. */
  readonly passwordKnown: boolean;
}

/** A token that somebody can send: whoever has it is that user until it expires. */
export interface TokenResult {
  readonly command: "token";
  readonly token: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** ISO 8601; null for a token that does not expire. */
  readonly expiresAt: string | null;
  /** What signed it: the database's own query, or where the secret was. */
  readonly signedBy: string;
}

export interface TokenDecodeResult {
  readonly command: "token decode";
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signature:
    | { readonly kind: "verified"; readonly by: string }
    | { readonly kind: "refused"; readonly because: string }
    | { readonly kind: "not-checked"; readonly because: string };
  /** Why PostgREST would refuse the claims whoever signed them. */
  readonly problems: readonly string[];
  /** Seconds from now; negative if it is past; null where the token does not say. */
  readonly issuedIn: number | null;
  readonly expiresIn: number | null;
  /** Whether PostgREST takes it; null if nobody checked the signature. */
  readonly accepted: boolean | null;
}

/** How far the exchange of the JWT secret is; no secret is in it. */
export interface SecretResult {
  readonly command: "secret prepare" | "secret rotate" | "secret revoke" | "secret status";
  readonly database: DatabaseName;
  readonly changed: boolean;
  /** Whether PostgREST was not told in time: it refuses new tokens until it has read its configuration. */
  readonly unannounced: boolean;
  /** Whether a secret waits to sign, accepted already. */
  readonly standby: boolean;
  /** The secret before, and until when (ISO 8601) its tokens are accepted. */
  readonly previous: { readonly until: string; readonly accepted: boolean } | null;
  /** The commands that come next. */
  readonly next: readonly string[];
}

/** The only result that holds secrets, besides tokens: `tm-db env` is asked for them. */
export interface EnvResult {
  readonly command: "env";
  readonly variables: Readonly<Record<string, string>>;
}

export interface PlanResult {
  readonly command: "plan";
  readonly database: DatabaseName;
  readonly steps: readonly StepResult[];
  readonly warnings: readonly string[];
  /** Null if it was not asked for. */
  readonly locks: LockReport | null;
  /** Whether every lock keeps to the limits; true where none were given. */
  readonly allowed: boolean;
  /** Milliseconds. */
  readonly ms: number;
}

/** What the pending deployment did to the tables and views of an empty copy of the schema. */
export interface LockReport {
  readonly statements: readonly {
    /** The migration, or a group of files. */
    readonly path: string;
    readonly line: number | null;
    /** The beginning of the statement, without its texts, or what is done with the files. */
    readonly statement: string;
    /** Milliseconds, on empty tables. */
    readonly ms: number;
    readonly locks: readonly { readonly table: string; readonly mode: LockMode }[];
    readonly rewrites: readonly string[];
    /** Tables that are read as a whole. */
    readonly scans: readonly string[];
    readonly indexes: readonly { readonly name: string; readonly table: string }[];
  }[];
  /** A table's locks, each stronger than the one before; held until the transaction ends. */
  readonly locks: readonly TableLock[];
  /** Locks that do not keep to the limits. */
  readonly tooLong: readonly { readonly table: string; readonly mode: LockMode; readonly because: string }[];
}

export interface TableLock {
  readonly table: string;
  readonly mode: LockMode;
  /** The statement that takes it. */
  readonly path: string;
  readonly line: number | null;
  /** Milliseconds from that statement's begin to the end of the transaction, on empty tables. */
  readonly heldMs: number;
  /** Rows of the real table as PostgreSQL estimates them; null where it does not know. */
  readonly rows: number | null;
  /** Size of the real table, without its indexes. */
  readonly bytes: number;
}

export interface AdoptResult {
  readonly command: "adopt";
  readonly database: DatabaseName;
  readonly dryRun: boolean;
  /** Its id in the ledger; null in a dry run. */
  readonly deployment: string | null;
  /** node-pg-migrate's table, if there is one. */
  readonly history: string | null;
  /** Files that the ledger holds as applied. */
  readonly adopted: readonly string[];
  /** Files that wait for the next `migrate`. */
  readonly pending: readonly string[];
  /** What was accepted: how the database differs from what the files make. */
  readonly differences: readonly Difference[];
  readonly ignored: IgnoredDifferences;
  /** Roles that the deploying role may not make anew on a scratch database: what was given to them by hand is not seen. */
  readonly rolesAsTheyAre: readonly string[];
  readonly warnings: readonly string[];
  readonly ms: number;
}

/** What the policy tests of a project noticed of every damage that was done to its objects. */
export interface MutateResult {
  readonly command: "mutate";
  /** The server that the databases were made on. */
  readonly server: DatabaseName;
  /** In the order of operators, and of objects. */
  readonly mutants: readonly MutantResult[];
  readonly counts: MutantCounts;
  /** Percent of what could be noticed that was, rounded down to a tenth; null where nothing could. */
  readonly score: number | null;
  readonly minScore: number;
  /** Entries of the list of equivalent mutants that do not hold any more. */
  readonly stale: readonly StaleEquivalent[];
  /** The path of that list, relative to the project. */
  readonly equivalentsPath: string;
  /** What `--since` named; null without it. */
  readonly since: string | null;
  /** Mutants whose verdict an interrupted run had found. */
  readonly resumed: number;
  /** How often a file of tests was run. */
  readonly fileRuns: number;
  /** Whether the score is high enough and no entry of the list is stale. */
  readonly passed: boolean;
  /** Milliseconds, the making of databases counted. */
  readonly ms: number;
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
  /** Whether only some of the project's files were asked for, so that what was not touched says little. */
  readonly narrowed: boolean;
  /** Of `--shuffle`; null without it. */
  readonly seed: number | null;
  /** Whether every file ran and passed. */
  readonly passed: boolean;
  /** Milliseconds from start to end, the making of databases counted. */
  readonly ms: number;
}

/** Whether everything is in place for PostgREST to serve a database. */
export interface DoctorResult {
  readonly command: "doctor";
  readonly database: DatabaseName;
  /** A check has one line where all is well, and otherwise one for each thing that is not. */
  readonly checks: readonly DoctorCheck[];
  /** Whether none is a problem. */
  readonly healthy: boolean;
  /** Milliseconds. */
  readonly ms: number;
}

export interface DoctorCheck {
  readonly check:
    | "server"
    | "clock"
    | "roles"
    | "login"
    | "grants"
    | "pre-request"
    | "files"
    | "drift"
    | "extensions"
    | "materialized views"
    | "secret"
    | "postgrest"
    | "postgrest ready"
    | "postgrest schema"
    | "postgrest secret"
    | "postgrest clock";
  readonly verdict: "ok" | "warning" | "problem" | "skipped";
  readonly message: string;
  /** What to type next: a command, or SQL for the database's owner; null where nothing is to be done. */
  readonly next: string | null;
  /** Where a file declares what this is about; null where none does, or nothing is wrong. Counted from 1. */
  readonly at: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** Who may do what, and how that differs from what is committed. */
export interface MatrixResult {
  readonly command: "matrix";
  /** The server that the database for it was made on. */
  readonly server: DatabaseName;
  readonly matrix: Matrix;
  /** Whether there was a committed matrix to compare with. */
  readonly compared: boolean;
  /** Opened things first, then closed ones, then what is neither. */
  readonly changes: readonly LocatedChange[];
  readonly files: readonly MatrixFileResult[];
  /** Whether nothing was to be written. */
  readonly checked: boolean;
  /** Whether the files hold what was observed; true where they were written. */
  readonly holds: boolean;
  /** Milliseconds from start to end, the making of databases counted. */
  readonly ms: number;
}

export interface MatrixFileResult {
  /** Relative to the project. */
  readonly path: string;
  readonly state: "written" | "unchanged" | "differs" | "missing";
}
