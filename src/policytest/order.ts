import { escapePattern } from "../core/escape-pattern.ts";
/** A number from 0 to 2^32 - 1 that names a shuffled order. */
export type Seed = number;

/** The same list in an order that the seed alone decides: Fisher and Yates with the generator mulberry32. */
export function shuffle<T>(items: readonly T[], seed: Seed): T[] {
  const shuffled = [...items];
  const random = mulberry32(seed);
  for (let at = shuffled.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T];
  }
  return shuffled;
}

/** The files whose text has the name of one of the paths, as a word, before the others: `tasks` of `policies/api/tasks.sql`. */
export function namingFirst<T extends { readonly text: string }>(files: readonly T[], paths: readonly string[]): T[] {
  const words = paths.flatMap((path) => /([^/]+?)(?:\.[^/.]*)?$/.exec(path)?.[1] ?? []);
  const patterns = words.map(
    (word) => new RegExp(`(?<![\\p{L}\\p{N}_])${escapePattern(word)}(?![\\p{L}\\p{N}_])`, "u"),
  );
  const isNaming = ({ text }: T): boolean => patterns.some((pattern) => pattern.test(text));
  return [...files.filter(isNaming), ...files.filter((file) => !isNaming(file))];
}

/** https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry32(seed: Seed): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
