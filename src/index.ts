export { type AdoptOptions, adopt } from "./app/adopt.ts";
export { audit, type AuditOptions, auditRules } from "./app/audit.ts";
export type { CommandOptions } from "./app/context.ts";
export { doctor, type DoctorOptions } from "./app/doctor.ts";
export { type DriftOptions, drift } from "./app/drift.ts";
export { env } from "./app/env.ts";
export { importMigrations, type ImportOptions } from "./app/import.ts";
export { lint, type LintOptions } from "./app/lint.ts";
export { listen, type ListenOptions, type ReceivedMessage } from "./app/listen.ts";
export { matrix, type MatrixOptions } from "./app/matrix.ts";
export { type MigrateOptions, migrate } from "./app/migrate.ts";
export { mutate, type MutateOptions } from "./app/mutate.ts";
export { newMigration } from "./app/new-migration.ts";
export { type PlanOptions, plan } from "./app/plan.ts";
export { postgrestConfigure, type PostgrestConfigOptions } from "./app/postgrest-config.ts";
export { postgrestRun, type PostgrestRunOptions } from "./app/postgrest-run.ts";
export { realtime, type RealtimeLimits, type RealtimeOptions } from "./app/realtime.ts";
export { type RefreshOptions, refresh } from "./app/refresh.ts";
export { type ResetOptions, reset } from "./app/reset.ts";
export { type ResolveOptions, resolve } from "./app/resolve.ts";
export { type RollbackOptions, rollback } from "./app/rollback.ts";
export {
  secretPrepare,
  secretRevoke,
  type SecretRevokeOptions,
  secretRotate,
  type SecretRotateOptions,
  secretStatus,
} from "./app/secret.ts";
export { type SeedOptions, seed } from "./app/seed.ts";
export { status } from "./app/status.ts";
export { stop } from "./app/stop.ts";
export { sum } from "./app/sum.ts";
export { test, type TestOptions } from "./app/test.ts";
export { token, tokenDecode, type TokenDecodeOptions, type TokenOptions } from "./app/token.ts";
export { up } from "./app/up.ts";
export { verify } from "./app/verify.ts";
export type { AuditFinding, AuditRuleText, AuditSeverity, FailOn } from "./core/audit.ts";
export type * from "./core/command-result.ts";
export type * from "./core/matrix.ts";
export type { LockLimit, LockMode } from "./core/lock-modes.ts";
export type {
  KillingTest,
  MutantCounts,
  MutantResult,
  MutantVerdict,
  StaleEquivalent,
} from "./core/mutation-result.ts";
export type {
  PolicyName,
  TestCase,
  TestCounts,
  TestFileProblem,
  TestFileResult,
  TouchedSummary,
} from "./core/test-result.ts";
export { type ErrorCode, type Problem, type SourceLocation, TmDbError } from "./core/errors.ts";
export type { Finding } from "./core/finding.ts";
export type { EventListener, ListenEvent, SeedEvent, ServerEvent, StepAction, TmDbEvent } from "./core/event.ts";
