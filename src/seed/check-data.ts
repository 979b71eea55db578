import { type Problem, TmDbError } from "../core/errors.ts";
import type { Seed, SeedData, SeedTable } from "./seed.ts";

/**
 * The `seed` that a file exports.
 * @throws TmDbError SEED_INVALID
 */
export function seedOf(exported: unknown, path: string): Seed {
  const seed = isObject(exported) ? exported["seed"] : undefined;
  if (typeof seed === "function") return seed as Seed;
  throw invalid(path, [{ message: "it exports no function named `seed`" }]);
}

/**
 * What a seed returned, if it is of the right form; the rows themselves come later.
 * @throws TmDbError SEED_INVALID with every problem.
 */
export function checkSeedData(returned: unknown, path: string): SeedData {
  const tables = isObject(returned) ? returned["tables"] : undefined;
  if (!isObject(returned) || !Array.isArray(tables) || tables.length === 0) {
    throw invalid(path, [{ message: "`seed` must return { tables: [ … ] } with at least one table" }]);
  }
  const problems = [...tables.flatMap(tableProblems), ...accountProblems(returned["accounts"])];
  if (problems.length > 0) throw invalid(path, problems);
  return returned as unknown as SeedData;
}

/** What is wrong with a seed, all of it. */
export function invalid(path: string, problems: readonly Problem[], hint?: string): TmDbError {
  return new TmDbError("SEED_INVALID", `${path} cannot be used`, {
    problems,
    hint: hint ?? `mend ${path}; docs/seeding.md of the package tm-db describes the form`,
  });
}

function tableProblems(entry: unknown, index: number): Problem[] {
  const where = `tables[${index}]`;
  if (!isObject(entry)) return [{ message: `${where} must be an object` }];
  const { table, columns, rows, count, triggers } = entry as Partial<Record<keyof SeedTable, unknown>>;
  const name = typeof table === "string" ? `${where} (${table})` : where;
  const isWrong: readonly (readonly [boolean, string])[] = [
    [typeof table !== "string" || splitName(table) === undefined, "table must be schema.table"],
    [!isNameList(columns), "columns must be a list of different names"],
    [!isIterable(rows), "rows must be iterable: an array, or what a generator function returned"],
    [count !== undefined && !(Number.isInteger(count) && Number(count) >= 0), "count must be a whole number"],
    [triggers !== undefined && triggers !== "on" && triggers !== "off", 'triggers must be "on" or "off"'],
  ];
  return isWrong.filter(([wrong]) => wrong).map(([, what]) => ({ message: `${name}: ${what}` }));
}

function accountProblems(accounts: unknown): Problem[] {
  if (accounts === undefined) return [];
  const isRight =
    Array.isArray(accounts) &&
    accounts.every((row) => isObject(row) && Object.values(row).every((value) => typeof value === "string"));
  return isRight ? [] : [{ message: "accounts must be a list of objects whose values are texts" }];
}

/** `schema.table` in two; undefined if it is something else. */
export function splitName(name: string): readonly [schema: string, table: string] | undefined {
  const [schema, table, ...more] = name.split(".");
  return schema && table && more.length === 0 ? [schema, table] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isNameList(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return new Set(value).size === value.length && value.every((name) => typeof name === "string" && name !== "");
}

function isIterable(value: unknown): boolean {
  return isObject(value) && (Symbol.iterator in value || Symbol.asyncIterator in value);
}
