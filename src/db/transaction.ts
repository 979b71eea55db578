import type { Client } from "pg";
import { isDatabaseError } from "./run-script.ts";
import { sqlError } from "./sql-error.ts";

export type TransactionMode = keyof typeof MODES;

const MODES = {
  "read write": "isolation level read committed read write",
  "read only": "isolation level read committed read only",
  /** Read only, and all that is read is from one moment. */
  snapshot: "isolation level repeatable read read only",
};

/** The statement that begins a transaction. */
export function beginSql(mode: TransactionMode): string {
  return `begin transaction ${MODES[mode]}`;
}

/** What `undone` makes. */
export class Undone<T> {
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }
}

/** Marks a value as the result of a transaction that shall be rolled back. */
export function undone<T>(value: T): Undone<T> {
  return new Undone(value);
}

/**
 * Runs a callback in a transaction: COMMIT when it returns a value, ROLLBACK when it throws or returns `undone(value)`.
 * What PostgreSQL refuses comes out as a TmDbError; a broken connection as what pg threw.
 */
export async function withTransaction<T>(
  client: Client,
  mode: TransactionMode,
  callback: () => Promise<T | Undone<T>>,
): Promise<T> {
  return await inTransaction(client, async () => void (await client.query(beginSql(mode))), callback);
}

/** The same, in a transaction that `begin` begins in its own way. */
export async function inTransaction<T>(
  client: Client,
  begin: () => Promise<void>,
  callback: () => Promise<T | Undone<T>>,
): Promise<T> {
  let result: T | Undone<T>;
  try {
    await begin();
    result = await callback();
  } catch (error) {
    // A lost connection has rolled back already, and must not hide why the callback failed.
    await client.query("rollback").catch(() => {});
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  }
  if (result instanceof Undone) {
    await client.query("rollback");
    return result.value;
  }
  // What is deferred is checked now.
  await client.query("commit").catch((error: unknown) => {
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  });
  return result;
}
