import pg, { type Client, type DatabaseError } from "pg";
import { isDatabaseError } from "./run-script.ts";

export type BatchRow = readonly (string | null)[];

/** What a script of several statements answered. */
export interface BatchOutcome {
  /** The rows of each statement that succeeded, as PostgreSQL writes them, in the order of the statements. */
  readonly rows: readonly (readonly BatchRow[])[];
  /** Why PostgreSQL refused the statement after those; the rest was not run. */
  readonly error: DatabaseError | undefined;
}

/** pg's own handlers, which its types leave out. */
interface StatementHandler {
  handleRowDescription(message: unknown): void;
  handleDataRow(message: { readonly fields: (string | null)[] }): void;
  handleCommandComplete(message: unknown, connection: unknown): void;
}

/**
 * Sends a script in one message (the simple query protocol) and collects every row of every statement as text. That
 * PostgreSQL refuses one is part of the answer; rejects only when the connection is lost.
 */
export async function runBatch(client: Client, sql: string): Promise<BatchOutcome> {
  const rows: BatchRow[][] = [];
  let current: BatchRow[] = [];
  return await new Promise((resolve, reject) => {
    const query = new pg.Query(sql, (error: Error | null | undefined) => {
      if (error === undefined || error === null) resolve({ rows, error: undefined });
      else if (isDatabaseError(error)) resolve({ rows, error });
      else reject(error);
    });
    const handler = query as unknown as StatementHandler;
    handler.handleRowDescription = () => undefined;
    handler.handleDataRow = ({ fields }) => void current.push(fields);
    handler.handleCommandComplete = () => {
      rows.push(current);
      current = [];
    };
    client.query(query);
  });
}
