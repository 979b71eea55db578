/**
 * Characters that a terminal would obey instead of showing, or that make a text look like another one: controls, DEL and
 * C1, marks of writing direction, line separators, invisible ones.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A text from outside as one line that shows what is in it: whatever is not seen stands there as an escape. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

/** A value as JSON on one line, safe to print on a terminal, and the same value when it is read. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSEEN, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
