/** Which rows somebody was sent, and the parent that each had then: the latest ones, since memory is finite. */
export class RowMemory {
  readonly #capacity: number;
  /** By channel and key, the oldest first. */
  readonly #parents = new Map<string, string | null>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  keep(channel: string, key: string, parent: string | null): void {
    const name = `${channel}\0${key}`;
    this.#parents.delete(name);
    this.#parents.set(name, parent);
    if (this.#parents.size <= this.#capacity) return;
    const [oldest] = this.#parents.keys();
    if (oldest !== undefined) this.#parents.delete(oldest);
  }

  has(channel: string, key: string): boolean {
    return this.#parents.has(`${channel}\0${key}`);
  }

  parent(channel: string, key: string): string | null | undefined {
    return this.#parents.get(`${channel}\0${key}`);
  }

  drop(channel: string, key: string): void {
    this.#parents.delete(`${channel}\0${key}`);
  }
}
