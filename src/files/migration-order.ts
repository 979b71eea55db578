import { compareMigrationFileNames } from "node-pg-migrate/utils/comparators";
import { getNumericPrefix } from "node-pg-migrate/utils/fileNameUtils";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Names of migrations in the order in which they run, which is node-pg-migrate's. */
export function orderMigrationNames(names: readonly string[]): string[] {
  const sorted = names.toSorted();
  const numbers = sorted.map(migrationNumber);
  // Most often that is the order, and asking for it would read the numbers again at each comparison.
  if (numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))) return sorted;
  return sorted.sort((a, b) => compareMigrationFileNames(a, b, SILENT));
}

/** The number that a migration's name begins with, as node-pg-migrate reads it. */
export function migrationNumber(name: string): number {
  return getNumericPrefix(name, SILENT);
}
