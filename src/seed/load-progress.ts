import type { EventListener } from "../core/event.ts";
import type { SeedTable } from "./seed.ts";

const EVERY_MS = 200;

/** Counts the rows of all tables, and says now and then how far it is. */
export class LoadProgress {
  readonly #total: number | null;
  readonly #onEvent: EventListener;
  readonly #started = performance.now();
  #last = 0;
  /** Rows of the tables before this one. */
  #before = 0;

  constructor(tables: readonly SeedTable[], onEvent: EventListener) {
    const isKnown = tables.every(({ count }) => count !== undefined);
    this.#total = isKnown ? tables.reduce((sum, { count = 0 }) => sum + count, 0) : null;
    this.#onEvent = onEvent;
  }

  /** `rows` of the current table have been sent. */
  sent(table: string, rows: number): void {
    const now = performance.now();
    if (now - this.#last < EVERY_MS) return;
    this.#last = now;
    const done = this.#before + rows;
    const seconds = (now - this.#started) / 1000;
    const rowsPerSecond = Math.round(done / Math.max(seconds, 0.001));
    const left = this.#total === null ? null : Math.max(0, this.#total - done);
    const secondsLeft = left === null ? null : Math.ceil(left / Math.max(rowsPerSecond, 1));
    this.#onEvent({ kind: "seed-loading", table, rows: done, total: this.#total, rowsPerSecond, secondsLeft });
  }

  finished(table: string, rows: number): void {
    this.sent(table, rows);
    this.#before += rows;
  }
}
