/** The most letters that may be wrong. */
const FARTHEST = 3;

/** The one of some words that somebody who wrote `word` most likely meant; undefined where none is like it. */
export function similarWord(word: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((each) => ({ each, distance: distanceOf(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= FARTHEST && distance < Math.max(word.length, each.length) * 0.6)
    .toSorted((one, other) => one.distance - other.distance);
  return ranked[0]?.each;
}

/** How many letters must be put in, taken out, exchanged, or swapped with their neighbour: optimal string alignment. */
function distanceOf(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + cost,
        ...(isSwapped && row > 1 && column > 1 ? [at(row - 2, column - 2) + 1] : []),
      );
    }
  }
  return at(from.length, to.length);
}
