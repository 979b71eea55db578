import { type Problem, TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isConnectionLoss } from "../db/connection-loss.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { listed, problem, skipped, type Verdict } from "./verdict.ts";

/** Runs a check in a savepoint: one that fails takes no other with it, and becomes what `otherwise` makes of its failure. */
export async function alone<Found, Failed>(
  client: DatabaseClient,
  look: () => Promise<Found>,
  otherwise: (failure: Verdict) => Failed,
): Promise<Found | Failed> {
  await client.query("savepoint doctor_check");
  try {
    const found = await look();
    await client.query("release savepoint doctor_check");
    return found;
  } catch (error) {
    const verdict = failureVerdict(error);
    if (verdict === undefined) throw error;
    await client.query("rollback to savepoint doctor_check");
    return otherwise(verdict);
  }
}

const ENDS_ALL: ReadonlySet<string> = new Set(["CONNECTION_LOST", "INTERRUPTED"]);

/**
 * What is wrong with the project is a problem, and what PostgreSQL does not let one look at is skipped. Undefined for what
 * ends the whole command: a lost connection, a defect.
 */
export function failureVerdict(error: unknown): Verdict | undefined {
  if (error instanceof TmDbError) {
    if (ENDS_ALL.has(error.code)) return undefined;
    const problems = error.problems.map(placedMessage);
    const message = problems.length === 0 ? placedMessage(error) : `${error.message}: ${listed(problems)}`;
    return problem(message, error.hint ?? "npx tm-db status");
  }
  if (!isDatabaseError(error) || isConnectionLoss(error)) return undefined;
  return skipped(error.message, "as the database's owner: npx tm-db doctor --database-url postgres://owner@…");
}

function placedMessage({ message, location }: Problem): string {
  return location === undefined ? message : `${location.file}:${location.line}:${location.column} ${message}`;
}
