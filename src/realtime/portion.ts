import type { RealtimeLimits } from "./limits.ts";

/** Of a user about whose records nothing is known yet, so many are read. */
const FIRST_KEYS = 8;

/** How much of what happened is read for a user in one turn: how large a record is shows only when it has come. */
export class Portion {
  readonly #limits: RealtimeLimits;
  /** How large their records are taken to be. */
  #recordBytes: number;

  constructor(limits: RealtimeLimits) {
    this.#limits = limits;
    this.#recordBytes = limits.turnBytes / FIRST_KEYS;
  }

  /**
   * How many records to read for so many sockets: as many as are likely to stay within the bytes of a turn. Powers of two,
   * so that those who are equally far share what was found in the log.
   */
  keysFor(sockets: number): number {
    const { turnBytes, keysAtOnce } = this.#limits;
    const keys = turnBytes / (this.#recordBytes * Math.max(1, sockets));
    return Math.min(keysAtOnce, 2 ** Math.max(0, Math.floor(Math.log2(keys))));
  }

  /** Learns from what was read. Large records are believed at once, and small ones little by little. */
  weigh(records: readonly string[]): void {
    const bytes = records.reduce((sum, record) => sum + Buffer.byteLength(record), 0);
    this.#recordBytes = Math.max(1, this.#recordBytes / 2, bytes / Math.max(1, records.length));
  }
}
