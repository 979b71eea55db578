/** A file of tests, and what is known of it. */
export interface SuiteFile {
  readonly path: string;
  /** Milliseconds that it took without any damage. */
  readonly ms: number;
  /** The oids of the tables that its assertions reached. */
  readonly tables: ReadonlySet<string>;
}

/** Which files found damages so far: the next one of the same object is likely to be found where the last one was. */
export class History {
  readonly #bySubject = new Map<string, Map<string, number>>();
  readonly #all = new Map<string, number>();

  add(subject: string, path: string): void {
    const kills = this.#bySubject.get(subject) ?? new Map<string, number>();
    kills.set(path, (kills.get(path) ?? 0) + 1);
    this.#bySubject.set(subject, kills);
    this.#all.set(path, (this.#all.get(path) ?? 0) + 1);
  }

  /** The files in the order in which a failing test is likely to come soonest. */
  order(
    files: readonly SuiteFile[],
    given: { readonly subject: string; readonly table?: string | undefined },
  ): SuiteFile[] {
    const kills = this.#bySubject.get(given.subject);
    const rank = ({ path, tables, ms }: SuiteFile): readonly number[] => [
      kills?.get(path) ?? 0,
      given.table !== undefined && tables.has(given.table) ? 1 : 0,
      (1 + (this.#all.get(path) ?? 0)) / Math.max(1, ms),
    ];
    return [...files]
      .map((file) => ({ file, rank: rank(file) }))
      .toSorted((a, b) => compareRanks(b.rank, a.rank))
      .map(({ file }) => file);
  }
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
