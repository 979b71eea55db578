import type { DatabaseName } from "../core/command-result.ts";
import type { Style } from "./style.ts";

export function formatMs(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Which database, with its version and what chose it. */
export function where(database: DatabaseName, style: Style): string {
  return `${database.address} ${style.dim(`(PostgreSQL ${database.version}, ${database.source})`)}`;
}

/** `1234567` as `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 file`, `2 files`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
