import { compareMigrationFileNames } from "node-pg-migrate/utils/comparators";
import { getNumericPrefix } from "node-pg-migrate/utils/fileNameUtils";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Names of migrations in the order in which they run, which is node-pg-migrate's. */
export function orderMigrationNames(names: readonly string[]): string[] {
  // It reads the numbers again at each comparison, and there are far fewer among names that are nearly in order.
  return names.toSorted().sort((a, b) => compareMigrationFileNames(a, b, SILENT));
}

/** The number that a migration's name begins with, as node-pg-migrate reads it. */
export function migrationNumber(name: string): number {
  return getNumericPrefix(name, SILENT);
}
