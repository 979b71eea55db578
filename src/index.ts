export type { CommandOptions } from "./app/context.ts";
export { env } from "./app/env.ts";
export { type MigrateOptions, migrate } from "./app/migrate.ts";
export { newMigration } from "./app/new-migration.ts";
export { refresh } from "./app/refresh.ts";
export { type ResetOptions, reset } from "./app/reset.ts";
export { type RollbackOptions, rollback } from "./app/rollback.ts";
export { status } from "./app/status.ts";
export { stop } from "./app/stop.ts";
export { test, type TestOptions } from "./app/test.ts";
export { up } from "./app/up.ts";
export { verify } from "./app/verify.ts";
export type * from "./core/command-result.ts";
export type {
  PolicyName,
  TestCase,
  TestCounts,
  TestFileProblem,
  TestFileResult,
  TouchedSummary,
} from "./core/test-result.ts";
export { type ErrorCode, type Problem, type SourceLocation, TmDbError } from "./core/errors.ts";
export type { EventListener, ServerEvent, StepAction, TmDbEvent } from "./core/event.ts";
