import { TmDbError } from "../core/errors.ts";
import type { SeedRow, SeedTable } from "./seed.ts";

/**
 * The rows of a table, each looked at before it is sent.
 * @throws TmDbError SEED_FAILED while they are read, where the seed itself throws, or a row has not a value for each
 * column.
 */
export function checkedRows(entry: SeedTable, path: string): Iterable<SeedRow> | AsyncIterable<SeedRow> {
  const { rows } = entry;
  const check = new RowCheck(entry, path);
  return Symbol.iterator in rows ? check.each(rows) : check.eachLater(rows);
}

class RowCheck {
  #number = 0;
  readonly #entry: SeedTable;
  readonly #path: string;

  constructor(entry: SeedTable, path: string) {
    this.#entry = entry;
    this.#path = path;
  }

  *each(rows: Iterable<SeedRow>): Generator<SeedRow> {
    try {
      for (const row of rows) yield this.#checked(row);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async *eachLater(rows: AsyncIterable<SeedRow>): AsyncGenerator<SeedRow> {
    try {
      for await (const row of rows) yield this.#checked(row);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #checked(row: SeedRow): SeedRow {
    this.#number += 1;
    const problem = rowProblem(row, this.#entry.columns);
    if (problem !== undefined) throw new Error(problem);
    return row;
  }

  #failed(error: unknown): TmDbError {
    return seedFailed(error, this.#path, `${this.#entry.table}, row ${this.#number}`);
  }
}

/** An error of the seed's own, with where it happened. */
export function seedFailed(error: unknown, path: string, where: string): TmDbError {
  if (error instanceof TmDbError) return error;
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const place = stack.split("\n").find((line) => line.includes(path));
  return new TmDbError("SEED_FAILED", `${path} failed (${where}): ${message}`, {
    detail: place?.trim(),
    hint: `nothing was changed; mend ${path} and run the command again`,
    cause: error,
  });
}

function rowProblem(row: unknown, columns: readonly string[]): string | undefined {
  if (!Array.isArray(row)) return "a row must be a list of values";
  if (row.length !== columns.length) return `a row has ${row.length} values for ${columns.length} columns`;
  const at = row.indexOf(undefined);
  return at === -1 ? undefined : `a row has no value for ${columns[at]}; for NULL, write null`;
}
