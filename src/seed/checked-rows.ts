import { TmDbError } from "../core/errors.ts";
import type { SeedRow, SeedTable } from "./seed.ts";

/**
 * The rows of a table, each looked at before it is sent.
 * @throws TmDbError SEED_FAILED where the seed itself throws, or a row has not a value for each column.
 */
export async function* checkedRows({ table, columns, rows }: SeedTable, path: string): AsyncGenerator<SeedRow> {
  let number = 0;
  try {
    for await (const row of rows) {
      number += 1;
      const problem = rowProblem(row, columns);
      if (problem !== undefined) throw new Error(problem);
      yield row;
    }
  } catch (error) {
    throw seedFailed(error, path, `${table}, after ${number} rows`);
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
  const at = row.findIndex((value) => value === undefined);
  return at === -1 ? undefined : `a row has no value for ${columns[at]}; for NULL, write null`;
}
