import pg, { type Client, type DatabaseError } from "pg";

/** PostgreSQL refused a script. `completed` statements of it had succeeded before. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  override readonly cause: DatabaseError;
  readonly completed: number;

  constructor(cause: DatabaseError, completed: number) {
    super(cause.message);
    this.cause = cause;
    this.completed = completed;
  }
}

/** pg's own handler, which its types leave out; it is called once a statement. */
interface StatementHandler {
  handleCommandComplete(message: unknown, connection: unknown): void;
}

/**
 * Sends a script of any number of statements in one message (the simple query protocol) and waits for its end.
 * @throws ScriptError when PostgreSQL refuses a statement; what pg throws when the connection is lost.
 */
export async function runScript(client: Client, sql: string): Promise<void> {
  let completed = 0;
  await new Promise<void>((resolve, reject) => {
    const query = new pg.Query(sql, (error: Error | undefined) => {
      // pg answers null, whatever its types say.
      if (error === undefined || error === null) resolve();
      else if (isDatabaseError(error)) reject(new ScriptError(error, completed));
      else reject(error);
    });
    const handler = query as unknown as StatementHandler;
    const onComplete = handler.handleCommandComplete.bind(query);
    handler.handleCommandComplete = (message, connection) => {
      completed += 1;
      onComplete(message, connection);
    };
    client.query(query);
  });
}

/** Whether an error is PostgreSQL's answer, and not one of the connection. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "severity" in error && "code" in error;
}

export type { DatabaseError };
