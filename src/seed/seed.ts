import type { Faker } from "@faker-js/faker";
import type { CopyRow, CopyValue } from "../db/copy-rows.ts";

/**
 * What `seeds/<name>.ts` exports as `seed`: a function that says which tables are filled with what. The same context
 * must give the same rows; nothing may come from the clock or from chance of its own.
 */
export type Seed = (context: SeedContext) => SeedData | Promise<SeedData>;

/** What a seed works from. */
export interface SeedContext {
  /** `--scale`: how much; 1 if not given. What one unit is, the seed says. */
  readonly scale: number;
  /** `--seed-value`: where chance begins; 1 if not given. */
  readonly seedValue: number;
  /** `--date`: the day that counts as today, so that the rows do not depend on when they are made. */
  readonly date: Date;
  /** English, begun with `seedValue` and `date`. */
  readonly faker: Faker;
  /**
   * The first free number of a table's identity or serial column: 1 in an empty table. The table is locked against other
   * writers from then on.
   */
  readonly firstId: (table: string) => Promise<number>;
}

export interface SeedData {
  /** In the order in which they are filled: what is referred to first. */
  readonly tables: readonly SeedTable[];
  /** Shown at the end, with the columns that the project chooses: who can log in, and how. */
  readonly accounts?: readonly Readonly<Record<string, string>>[];
}

export interface SeedTable {
  /** `schema.table`. */
  readonly table: string;
  readonly columns: readonly string[];
  /** Read once and never held in memory: a generator. Each row has a value for each column. */
  readonly rows: Iterable<SeedRow> | AsyncIterable<SeedRow>;
  /** How many rows will come, where that is known: for the time that is left. */
  readonly count?: number;
  /**
   * `off`: the table's own triggers do not run, and what they would have done is up to the seed and to the functions of
   * `recount`. `on` if not given.
   */
  readonly triggers?: "on" | "off";
}

/** A value for each of the table's columns that are named. */
export type SeedRow = CopyRow;

/** Dates are written in UTC, objects as JSON. For an array column, write PostgreSQL's own text: `{1,2}`. */
export type SeedValue = CopyValue;
