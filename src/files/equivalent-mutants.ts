import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";

/** Path of the list, relative to the project. */
export function equivalentMutantsPath(config: Config): string {
  return `${config.paths.tests}/equivalent-mutants.json`;
}

/**
 * Reads the list of damages that no test could notice; a project without one has none.
 * @throws TmDbError CONFIG_INVALID for what is no list of `mutant` and `reason`.
 */
export function readEquivalentMutants(config: Config): { readonly mutant: string; readonly reason: string }[] {
  const path = equivalentMutantsPath(config);
  const file = join(config.projectDir, path);
  if (!existsSync(file)) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw invalid(`${path} is not JSON: ${(error as Error).message}`, error);
  }
  if (!Array.isArray(entries)) throw invalid(`${path} is no list`);
  const problems = entries.flatMap((entry: unknown, index) =>
    isEntry(entry)
      ? []
      : [{ message: `entry ${index + 1} needs a mutant and a reason, both texts that say something` }],
  );
  if (problems.length > 0) throw invalid(`${path} holds entries that are none`).with({ problems });
  return entries as { readonly mutant: string; readonly reason: string }[];
}

function isEntry(entry: unknown): boolean {
  const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
  return (
    typeof entry === "object" &&
    entry !== null &&
    Object.keys(entry).length === 2 &&
    isText(Reflect.get(entry, "mutant")) &&
    isText(Reflect.get(entry, "reason"))
  );
}

function invalid(message: string, cause?: unknown): TmDbError {
  return new TmDbError("CONFIG_INVALID", message, {
    hint: '[{ "mutant": "<as tm-db mutate prints it>", "reason": "<why no test could notice>" }]; see docs/mutation.md of the package tm-db',
    cause,
  });
}
