import type { DatabaseError } from "pg";
import type { DatabaseClient } from "./client.ts";
import { isConnectionLoss } from "./connection-loss.ts";
import type { RequestOpening } from "./impersonate.ts";
import { isDatabaseError } from "./run-script.ts";

/** A query that is prepared once for each connection, under its name. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A request that only reads. */
export interface ReadRequest {
  readonly opening: RequestOpening;
  readonly queries: readonly NamedQuery[];
}

export type ReadRow = readonly (string | null)[];

export type ReadAnswer =
  /** The rows of each query, in the order of the queries. */
  | { readonly kind: "rows"; readonly rows: readonly (readonly ReadRow[])[] }
  /** PostgreSQL, or the pre-request function, refused: before the request's own queries, or one of them. */
  | { readonly kind: "refused"; readonly during: "opening" | "query"; readonly error: DatabaseError };

/**
 * Makes a request, in the transaction that PostgREST would make, and rolls it back. On a connection with `pipeline` all
 * of its statements are on the way before the first is answered; called many times without waiting, so are those of all
 * requests, and what one of them is refused touches no other. Rejects only when the connection is lost.
 */
export async function readAs(client: DatabaseClient, { opening, queries }: ReadRequest): Promise<ReadAnswer> {
  const { begin, settings, preRequest } = opening;
  const before = [
    client.query(begin),
    // The names tell the settings of one role from those of another, which may be more.
    client.query({ name: `settings ${settings.values.length}`, text: settings.text, values: [...settings.values] }),
    ...(preRequest === undefined ? [] : [client.query({ name: "pre-request", text: preRequest })]),
  ];
  const reading = queries.map(
    async ({ name, text, values }) =>
      (await client.query<(string | null)[]>({ name, text, values: [...values], rowMode: "array" })).rows,
  );
  const end = client.query("rollback");
  const [opened, read] = await Promise.all([Promise.allSettled(before), Promise.allSettled(reading), end]);
  // After the first error PostgreSQL refuses the rest of a transaction for that reason alone.
  const failure = [...opened, ...read].find((result) => result.status === "rejected");
  if (failure === undefined) {
    return { kind: "rows", rows: read.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])) };
  }
  if (!isDatabaseError(failure.reason) || isConnectionLoss(failure.reason)) throw failure.reason;
  const during = (opened as readonly PromiseSettledResult<unknown>[]).includes(failure) ? "opening" : "query";
  return { kind: "refused", during, error: failure.reason };
}
