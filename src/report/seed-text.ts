import type { SeedResult } from "../core/command-result.ts";
import type { SeedEvent, TmDbEvent } from "../core/event.ts";
import { assertNever } from "../core/errors.ts";
import { formatCount, formatMs, where } from "./format.ts";
import type { Style } from "./style.ts";

export function seedLines(result: SeedResult, style: Style): string[] {
  const { tables, putAside, functions, database, path } = result;
  const width = Math.max(0, ...tables.map(({ name }) => name.length));
  const numbers = Math.max(0, ...tables.map(({ rows }) => formatCount(rows).length));
  const asides = [
    ...(putAside.indexes > 0 ? [counted(putAside.indexes, "index", "indexes")] : []),
    ...(putAside.foreignKeys > 0 ? [counted(putAside.foreignKeys, "foreign key", "foreign keys")] : []),
  ];
  const rebuilt =
    asides.length === 0 ? [] : [`  made after the load: ${asides.join(" and ")}  ${style.dim(formatMs(putAside.ms))}`];
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const what = tables.length === 0 ? path : `${path}: ${formatCount(rows)} rows`;
  return [
    ...tables.map(
      ({ name, rows: count, ms }) =>
        `  ${name.padEnd(width)}  ${formatCount(count).padStart(numbers)} ${count === 1 ? "row" : "rows"}  ${style.dim(`${formatMs(ms)}, ${perSecond(count, ms)} rows/s`)}`,
    ),
    ...rebuilt,
    ...functions.map(
      ({ name, answer, ms }) => `  recounted  ${name}: ${answer ?? "no answer"}  ${style.dim(formatMs(ms))}`,
    ),
    ...(tables.length > 0 && !result.analyzed
      ? [style.yellow("  the planner has no statistics yet: run vacuum analyze, or wait for autovacuum")]
      : []),
    `${style.green("loaded")} ${what} into ${where(database, style)} in ${formatMs(result.ms)}`,
    ...accountLines(result.accounts, style),
  ];
}

/** What a seed shows, as a table with its own columns. */
export function accountLines(accounts: SeedResult["accounts"], style: Style): string[] {
  const [first] = accounts;
  if (first === undefined) return [];
  const columns = Object.keys(first);
  const widths = columns.map((column) => Math.max(column.length, ...accounts.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd();
  return ["", style.dim(line(columns)), ...accounts.map((row) => line(columns.map((column) => row[column] ?? "")))];
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function perSecond(rows: number, ms: number): string {
  return formatCount(rows / Math.max(ms / 1000, 0.001));
}

/** How far a seed is, on one line. */
export function seedProgress(event: SeedEvent): string {
  switch (event.kind) {
    case "seed-loading": {
      const { table, rows, total, rowsPerSecond, secondsLeft } = event;
      const speed = `${formatCount(rowsPerSecond)} rows/s`;
      if (total === null || secondsLeft === null) return `${table}  ${formatCount(rows)} rows, ${speed}`;
      const share = total === 0 ? 1 : Math.min(1, rows / total);
      return `${bar(share)} ${table}  ${formatCount(rows)} of ${formatCount(total)} rows, ${speed}, ${formatSeconds(secondsLeft)} left`;
    }
    case "seed-rebuilding":
      return `making ${event.object}`;
    case "seed-finishing":
      return event.what;
    default:
      return assertNever(event);
  }
}

const BAR_WIDTH = 20;

function bar(share: number): string {
  const full = Math.floor(share * BAR_WIDTH);
  return `[${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
}

function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** One round of `tm-db refresh --watch`. */
export function refreshedText({ objects, corrected, ms }: Extract<TmDbEvent, { kind: "refreshed" }>): string {
  return `refreshed ${objects} in ${formatMs(ms)}${corrected === "" ? "" : `; ${corrected}`}`;
}
