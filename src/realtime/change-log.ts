import type { Change } from "./change.ts";

export type LogSlice =
  /** What happened since a place of the log, one change for each row, up to the place `next`. */
  | { readonly kind: "changes"; readonly changes: readonly Change[]; readonly next: number }
  /** The log does not reach back that far. */
  | { readonly kind: "missed"; readonly next: number };

/** The latest changes, once for everybody: each reader has a place in it. */
export class ChangeLog {
  readonly #capacity: number;
  #changes: Change[] = [];
  /** The place of `#changes[0]`. */
  #first = 0;
  #slices = new Map<string, LogSlice>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The place of the next change. */
  get end(): number {
    return this.#first + this.#changes.length;
  }

  append(change: Change): void {
    this.#slices.clear();
    this.#changes.push(change);
    // Not each time: moving a long array for every change would cost more than the changes.
    if (this.#changes.length > this.#capacity * 1.25) this.#drop(this.#changes.length - this.#capacity);
  }

  /** Who has not read up to here has missed something. */
  forget(): void {
    this.#drop(this.#changes.length);
    // So that a place at the old end counts as missed too.
    this.#first += 1;
  }

  /** What happened on some channels from a place on, at most so many rows. */
  read(from: number, channels: readonly string[], rows: number): LogSlice {
    if (from < this.#first) return { kind: "missed", next: this.end };
    const name = JSON.stringify([from, rows, ...channels]);
    let slice = this.#slices.get(name);
    if (slice === undefined) {
      slice = this.#slice(from, new Set(channels), rows);
      this.#slices.set(name, slice);
    }
    return slice;
  }

  #slice(from: number, channels: ReadonlySet<string>, rows: number): LogSlice {
    const found = new Map<string, Change>();
    let place = from;
    for (; place < this.end; place += 1) {
      const change = this.#changes[place - this.#first];
      if (change === undefined || !channels.has(change.channel)) continue;
      const name = `${change.channel}\0${change.key}`;
      const before = found.get(name);
      if (before === undefined && found.size === rows) break;
      // A row stands where it changed last.
      found.delete(name);
      found.set(name, before === undefined ? change : merge(before, change));
    }
    return { kind: "changes", changes: [...found.values()], next: place };
  }

  #drop(count: number): void {
    this.#slices.clear();
    this.#changes = this.#changes.slice(count);
    this.#first += count;
  }
}

/** Two changes of a row, as one: a row that was inserted and updated is a new row. */
function merge(before: Change, change: Change): Change {
  const isNew = before.operation === "INSERT" && change.operation === "UPDATE";
  return isNew ? { ...change, operation: "INSERT" } : change;
}
