import { locate } from "../core/locate.ts";
import type { SourceFile } from "../core/project-files.ts";
import type { TestFileProblem, TestFileResult } from "../core/test-result.ts";
import { hasFailed } from "../core/test-result.ts";
import { cancelStatement } from "../db/cancel.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isConnectionLoss } from "../db/connection-loss.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { type BatchOutcome, runBatch } from "../db/run-batch.ts";
import type { DatabaseError } from "../db/run-script.ts";
import { type Batch, CLEAN_UP, placeOfError, placeOfStatement } from "./compose-batch.ts";
import type { TapLine, TapReport } from "./read-tap.ts";
import { readTouched, type Touched } from "./touched.ts";

/** A file, ready to run. */
export interface TestScript {
  readonly file: SourceFile;
  readonly batch: Batch;
}

export interface FileRun {
  readonly result: TestFileResult;
  readonly touched: readonly Touched[];
  readonly bailOut: string | null;
  /** Whether the connection can run another file. */
  readonly isUsable: boolean;
}

/**
 * Runs one file in a transaction that is rolled back, in one round trip. Whatever the file does wrong is in the result.
 * After `timeoutMs` the server is asked to stop it.
 */
export async function runTestFile(
  client: DatabaseClient,
  spec: ConnectionSpec,
  given: TestScript & { readonly timeoutMs: number },
): Promise<FileRun> {
  const startedAt = performance.now();
  const { file, batch } = given;
  const answer = await runWithin(client, spec, given);
  const lines = printedLines(batch, answer);
  const { readTap } = await loadTap();
  const report = readTap(lines);
  const problems = [...runProblems(given, answer), ...reportProblems(report, given, hasEnded(answer))];
  const result: TestFileResult = {
    path: file.path,
    passed: problems.length === 0 && !report.tests.some(hasFailed),
    tests: report.tests,
    planned: report.planned,
    skippedAll: report.skippedAll,
    problems,
    tap: lines.map(({ text }) => text),
    ms: performance.now() - startedAt,
  };
  return { result, touched: readTouched(batch, answer), bailOut: report.bailOut, isUsable: !answer.isLost };
}

/** Loads the parser; begun early, it is there when the first file has run. */
export async function loadTap(): Promise<typeof import("./read-tap.ts")> {
  return await import("./read-tap.ts");
}

interface Answer extends BatchOutcome {
  readonly isTimedOut: boolean;
  readonly isLost: boolean;
}

/** Whether every statement ran: only then do the counts mean anything. */
function hasEnded({ error, isTimedOut, isLost }: Answer): boolean {
  return error === undefined && !isTimedOut && !isLost;
}

/** How long a statement may go on after it was asked to stop. */
const GRACE_MS = 2_000;

async function runWithin(
  client: DatabaseClient,
  spec: ConnectionSpec,
  { batch, timeoutMs }: TestScript & { readonly timeoutMs: number },
): Promise<Answer> {
  let isTimedOut = false;
  let cancelled: Promise<void> = Promise.resolve();
  let lastResort: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    isTimedOut = true;
    cancelled = cancelStatement(client, spec);
    lastResort = setTimeout(() => client.connection.stream.destroy(), GRACE_MS);
  }, timeoutMs);
  try {
    const outcome = await runBatch(client, batch.sql);
    clearTimeout(timer);
    await cancelled;
    // Also after a file that PostgreSQL could not even read: what came before the mistake counts.
    const seen = isTimedOut ? outcome : await statementsBefore(client, batch, outcome);
    const isLost = outcome.error !== undefined && isConnectionLoss(outcome.error);
    // An error has ended the message before its last statements.
    if (outcome.error !== undefined && !isLost) await runBatch(client, CLEAN_UP.join(";"));
    return { ...seen, isTimedOut, isLost };
  } catch (error) {
    if (!isTimedOut && !isConnectionLoss(error)) throw error;
    return { rows: [], error: undefined, isTimedOut, isLost: true };
  } finally {
    clearTimeout(timer);
    clearTimeout(lastResort);
  }
}

/** A syntax error keeps the whole message from running; psql would have run what stands before it. */
async function statementsBefore(client: DatabaseClient, batch: Batch, outcome: BatchOutcome): Promise<BatchOutcome> {
  const { error, rows } = outcome;
  if (error?.code !== "42601" || rows.length > 0 || error.position === undefined) return outcome;
  await runBatch(client, "rollback");
  const before = await runBatch(client, batch.before(Number(error.position) - 1));
  return { rows: before.rows, error: before.error ?? error };
}

/**
 * Lets pgTAP make its notes (a temporary table and two sequences) once for a session: made by each file they would take
 * a third of its time. `plan()` takes those that are there, and a rollback empties them.
 */
export async function prepareSession(client: DatabaseClient): Promise<void> {
  const { error } = await runBatch(client, "begin; select plan(1); delete from pg_temp.__tcache__; commit");
  if (error !== undefined) throw error;
}

/** The lines as psql prints them: columns side by side, rows and `\echo` one below the other. */
function printedLines(batch: Batch, { rows }: BatchOutcome): TapLine[] {
  const lines: TapLine[] = [];
  // What is echoed before the statement that failed was printed too.
  for (const [index, statement] of batch.statements.slice(0, rows.length + 1).entries()) {
    const { file, offset } = statement.origin;
    const print = (text: string): void => {
      const location = /^(not )?ok\b/.test(text) ? locate(file.path, file.text, offset) : undefined;
      for (const line of text.split("\n")) lines.push({ text: line, location });
    };
    for (const line of statement.echoes) print(line);
    if (statement.role !== "test") continue;
    for (const row of rows[index] ?? []) print(row.map((value) => value ?? "").join("|"));
  }
  return lines;
}

function runProblems(
  { file, batch, timeoutMs }: TestScript & { readonly timeoutMs: number },
  answer: Answer,
): TestFileProblem[] {
  const { error, rows, isTimedOut, isLost } = answer;
  // Of a connection that was given up nothing was heard, so it is not known where the file was.
  const start = isLost && rows.length === 0 ? undefined : placeOfStatement(batch, rows.length);
  if (isTimedOut) {
    const hint = `look at the statement, or allow more: npx tm-db test ${file.path} --timeout ${timeoutMs * 10}`;
    return [
      { kind: "timeout", message: `the file took longer than ${timeoutMs} ms and was stopped`, location: start, hint },
    ];
  }
  if (error !== undefined) return [sqlProblem(error, placeOfError(batch, answer))];
  if (isLost) return [{ kind: "connection", message: "the connection was lost while the file ran", location: start }];
  return [];
}

function sqlProblem(error: DatabaseError, location: TestFileProblem["location"]): TestFileProblem {
  const detail = [error.detail, error.where].filter((text) => text !== undefined).join("\n");
  return {
    kind: "sql-error",
    message: error.message,
    location,
    detail: detail === "" ? undefined : detail,
    hint: error.hint,
    sqlState: error.code,
  };
}

function reportProblems(report: TapReport, { batch }: TestScript, ranToEnd: boolean): TestFileProblem[] {
  const { tests, planned, bailOut } = report;
  if (bailOut !== null) return [{ kind: "bail-out", message: `Bail out! ${bailOut}` }];
  if (!ranToEnd || report.skippedAll !== null) return [];
  const problems: TestFileProblem[] = [];
  if (tests.length === 0) {
    problems.push({
      kind: "no-test",
      message: "the file ran no test",
      hint: "select plan(1); select ok(…); select * from finish();",
    });
  }
  if (!batch.finishes) {
    problems.push({
      kind: "no-finish",
      message: "finish() is missing, so nobody compares what ran with what was planned",
      hint: "end the file with: select * from finish();",
    });
  } else if (planned === null && tests.length > 0) {
    problems.push({
      kind: "plan",
      message: `there is no plan for the ${tests.length} test(s)`,
      hint: "begin with: select plan(…); or select * from no_plan();",
    });
  }
  if (planned !== null && planned !== tests.length && tests.length > 0) {
    problems.push({
      kind: "plan",
      message: `planned ${planned} test(s), but ran ${tests.length}`,
      hint: `select plan(${tests.length});`,
    });
  } else if (planned !== null) {
    problems.push(...report.errors.map((message) => ({ kind: "tap" as const, message })));
  }
  return problems;
}
