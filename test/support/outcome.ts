import pg from "pg";
import { httpStatus } from "../../src/core/http-status.ts";

export type Row = Readonly<Record<string, unknown>>;

/** What a client learns of a request that failed. */
export interface Failure {
  readonly sqlState: string;
  readonly status: number;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/**
 * How an attempt ended. A missing privilege, a row that `with check` refused and an error that a function raised may
 * share SQLSTATE 42501: they are three different things here.
 */
export type Outcome =
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | ({ readonly kind: "no-privilege" | "refused" | "error" } & Failure);

/** Makes an outcome of what `pg` threw; whatever is not PostgreSQL's answer is thrown on. */
export async function failureOutcome(
  error: unknown,
  given: { readonly anonymous: boolean; readonly hasPrivilege: () => Promise<boolean> },
): Promise<Outcome> {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) throw error;
  const { code: sqlState, message, detail, hint } = error;
  const failure = {
    sqlState,
    status: httpStatus({ sqlState, message, detail, anonymous: given.anonymous }),
    message,
    detail,
    hint,
  };
  // The server names the place in its own source: what a function raised was neither a grant nor a policy.
  if (sqlState !== "42501" || error.routine === "exec_stmt_raise") return { kind: "error", ...failure };
  return { kind: (await given.hasPrivilege()) ? "refused" : "no-privilege", ...failure };
}

/** An outcome in one word, for tables: an error is its HTTP status. */
export type Verdict = "allowed" | "filtered" | "no privilege" | "refused" | number;

export function verdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case "rows":
      return outcome.rows.length > 0 ? "allowed" : "filtered";
    case "no-privilege":
      return "no privilege";
    case "refused":
      return "refused";
    case "error":
      return outcome.status;
  }
}

/** The rows of a request that had to succeed. */
export function rowsOf(outcome: Outcome): readonly Row[] {
  if (outcome.kind === "rows") return outcome.rows;
  throw new Error(
    `${outcome.kind}: ${outcome.sqlState} ${outcome.message}${outcome.detail === undefined ? "" : ` (${outcome.detail})`}`,
  );
}

/** The only row of a request that had to succeed. */
export function rowOf(outcome: Outcome): Row {
  const [row, ...others] = rowsOf(outcome);
  if (row === undefined || others.length > 0)
    throw new Error(`${row === undefined ? "no row" : `${others.length + 1} rows`} where one was expected`);
  return row;
}

/** The failure of a request that had to fail. */
export function failureOf(outcome: Outcome): Failure {
  if (outcome.kind === "rows") throw new Error(`succeeded: ${JSON.stringify(outcome.rows)}`);
  const { sqlState, status, message, detail, hint } = outcome;
  return { sqlState, status, message, detail, hint };
}
