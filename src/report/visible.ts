/**
 * Characters that a terminal would obey instead of showing, or that make a text look like another one: controls, DEL and
 * C1, marks of writing direction, line separators, invisible ones.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A text from outside as one line that shows what is in it: whatever is not seen stands there as an escape. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

/**
 * What stays of a text of several lines: line ends, tabs, and what `Style` writes. The rest is what a terminal would obey, or
 * what shows a text in another order than it has.
 */
const OBEYED = new RegExp(
  String.raw`(\r?\n|\t|${"\u001b"}\[(?:1|2|22|31|32|33|36|39)m)|[\p{Cc}\u202a-\u202e\u2066-\u2069]`,
  "gu",
);

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands: obeyed wherever a line begins so. */
const WORKFLOW_COMMAND =
  /^([^\S\n]*):(?=:(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher|save-state|set-env|set-output|stop-commands|warning)\b)/gimu;

/** A text of several lines in which names and messages from outside stand: nothing in it is obeyed. */
export function printable(text: string): string {
  return text
    .replaceAll(OBEYED, (found, kept: string | undefined) => kept ?? escaped(found))
    .replaceAll(WORKFLOW_COMMAND, "$1\\u003a");
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
