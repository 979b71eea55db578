/** A file of tests, and what is known of it. */
export interface SuiteFile {
  readonly path: string;
  /** Milliseconds that it took without any damage. */
  readonly ms: number;
  /** The oids of the tables that its assertions reached. */
  readonly tables: ReadonlySet<string>;
}

/** What a damage is, as far as it says which tests will notice it. */
export interface DamageKind {
  readonly subject: string;
  readonly operator: string;
  readonly table?: string | undefined;
}

/** How often a file was tried, and how often it noticed something. */
interface Tally {
  tried: number;
  noticed: number;
}

/** Before anything is known, a file that reaches the damaged table is so much more likely to notice. */
const REACHES_TABLE = 5;
/** How many tries the guess that comes before counts for. */
const WEIGHT = 1;

/**
 * What each file noticed so far. The next damage of the same object, and of the same kind, is likely to be noticed where the
 * last one was.
 */
export class History {
  readonly #tallies = new Map<string, Tally>();

  add({ subject, operator }: DamageKind, path: string, { noticed }: { readonly noticed: boolean }): void {
    for (const key of keysOf(path, subject, operator)) {
      const tally = this.#tallies.get(key) ?? { tried: 0, noticed: 0 };
      this.#tallies.set(key, { tried: tally.tried + 1, noticed: tally.noticed + (noticed ? 1 : 0) });
    }
  }

  /** The files in the order in which one that notices comes soonest: by how likely that is for the time that each takes. */
  order(files: readonly SuiteFile[], damage: DamageKind): SuiteFile[] {
    return files
      .map((file) => ({ file, worth: this.#likelihood(file, damage) / Math.max(1, file.ms) }))
      .toSorted((a, b) => b.worth - a.worth)
      .map(({ file }) => file);
  }

  /** From all damages to those of the kind, to those of the object: each corrects the guess before it by what happened. */
  #likelihood({ path, tables }: SuiteFile, { subject, operator, table }: DamageKind): number {
    const first = table !== undefined && tables.has(table) ? REACHES_TABLE : 1;
    let guess = first / (first + REACHES_TABLE);
    for (const key of keysOf(path, subject, operator)) {
      const { tried, noticed } = this.#tallies.get(key) ?? { tried: 0, noticed: 0 };
      guess = (noticed + WEIGHT * guess) / (tried + WEIGHT);
    }
    return guess;
  }
}

function keysOf(path: string, subject: string, operator: string): readonly string[] {
  return [path, `${path}\n${operator}`, `${path}\n${subject}`];
}
