import { InvalidArgumentError } from "commander";

/** The largest seed value of generators: 32 bits. */
export const MAX_SEED = 2 ** 32 - 1;

/**
 * Makes a parser of whole numbers. Only digits are one: to `Number` an empty text, such as a variable that is not set, is 0,
 * which is "for ever" to a timeout.
 */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return (text) => inRange(/^\d+$/.test(text), text, { least, most, words: `must be a whole number ${range}` });
}

/** Makes a parser of decimal numbers such as `0.5`. `words` say what is wrong with another one. */
export function decimalNumber(range: Range): (text: string) => number {
  return (text) => inRange(/^\d*\.?\d+$/.test(text), text, range);
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly words: string;
}

function inRange(isNumber: boolean, text: string, { least, most, words }: Range): number {
  const number = isNumber ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) throw new InvalidArgumentError(words);
  return number;
}
