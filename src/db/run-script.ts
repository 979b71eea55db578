import pg, { type Client, type DatabaseError, type QueryResult } from "pg";

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

/** One row that a script answered with, by column. */
export type ScriptRow = Readonly<Record<string, unknown>>;

type ScriptResult = QueryResult<ScriptRow>;

/** pg's own handlers, which its types leave out: called once a statement, and when the server waits for rows. */
interface StatementHandler {
  handleCommandComplete(message: unknown, connection: unknown): void;
  handleCopyInResponse(connection: CopyConnection): void;
}

interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * Sends a script of any number of statements in one message (the simple query protocol) and waits for its end. Returns
 * the rows of the last statement, where it is one that answers with rows. `copied` is what a `copy … from stdin` of it
 * reads; `onAnswered` is called before anything of the next script's answer is looked at.
 * @throws ScriptError when PostgreSQL refuses a statement; what pg throws when the connection is lost.
 */
export async function runScript(
  client: Client,
  sql: string,
  copied?: Buffer,
  onAnswered?: () => void,
): Promise<readonly ScriptRow[]> {
  let completed = 0;
  return await new Promise<readonly ScriptRow[]>((resolve, reject) => {
    const query = new pg.Query(sql, (error: Error | undefined, result: ScriptResult | readonly ScriptResult[]) => {
      onAnswered?.();
      // pg answers null, whatever its types say.
      if (error === undefined || error === null) resolve([result].flat().at(-1)?.rows ?? []);
      else if (isDatabaseError(error)) reject(new ScriptError(error, completed));
      else reject(error);
    });
    const handler = query as unknown as StatementHandler;
    const onComplete = handler.handleCommandComplete.bind(query);
    handler.handleCommandComplete = (message, connection) => {
      completed += 1;
      onComplete(message, connection);
    };
    if (copied !== undefined) {
      handler.handleCopyInResponse = (connection) => {
        connection.sendCopyFromChunk(copied);
        connection.endCopyFrom();
      };
    }
    client.query(query);
  });
}

/**
 * Within `work`, each query is sent without waiting for the answer to the one before it: pg's own pipeline mode. `work`
 * ends when all of them are answered. Streams (COPY of rows) do not work in it.
 */
export async function pipelined<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  const mode = client as { pipeline: boolean };
  const before = mode.pipeline;
  mode.pipeline = true;
  try {
    return await work();
  } finally {
    mode.pipeline = before;
  }
}

export interface ScriptNotice {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** Is told as the scripts of `runScripts` begin and end. */
export interface ScriptListener {
  readonly onStart: (index: number) => void;
  readonly onEnd: (index: number, ms: number) => void;
  /** A warning of the server, while that one ran. */
  readonly onNotice?: (index: number, notice: ScriptNotice) => void;
}

/** The first script that PostgreSQL refused; none of those behind it has run. */
export interface ScriptFailure {
  readonly index: number;
  readonly error: ScriptError;
}

/**
 * Sends scripts one behind the other without waiting for their answers, each in a message of its own. To be called in a
 * transaction: once a script fails there, PostgreSQL refuses all that follow it.
 * @throws what pg throws when the connection is lost.
 */
export async function runScripts(
  client: Client,
  scripts: readonly string[],
  listener: ScriptListener,
): Promise<ScriptFailure | undefined> {
  let failure: { readonly index: number; readonly error: unknown } | undefined;
  let started = performance.now();
  let running = 0;
  const onNotice = (notice: ScriptNotice): void => listener.onNotice?.(running, notice);
  const follow = async (sql: string, index: number): Promise<void> => {
    if (index === 0) listener.onStart(0);
    try {
      await runScript(client, sql, undefined, () => (running = index + 1));
    } catch (error) {
      failure ??= { index, error };
      return;
    }
    const ended = performance.now();
    listener.onEnd(index, ended - started);
    started = ended;
    if (index + 1 < scripts.length) listener.onStart(index + 1);
  };
  client.on("notice", onNotice);
  await pipelined(client, async () => await Promise.all(scripts.map(follow))).finally(() =>
    client.off("notice", onNotice),
  );
  if (failure === undefined) return undefined;
  if (failure.error instanceof ScriptError) return { index: failure.index, error: failure.error };
  throw failure.error;
}

/** Whether PostgreSQL refused something for want of a right: insufficient_privilege. */
export function isPermissionDenied(error: unknown): error is DatabaseError {
  return isDatabaseError(error) && error.code === "42501";
}

/** Whether an error is PostgreSQL's answer, and not one of the connection. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "severity" in error && "code" in error;
}

export type { DatabaseError };
