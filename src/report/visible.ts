import type { Style } from "./style.ts";

/**
 * Characters that a terminal would obey instead of showing, or that make a text look like another one: controls, DEL and
 * C1, marks of writing direction, line separators, invisible ones.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Where a command begins that is obeyed anywhere in a line: the older form of GitHub's runner (`##[error]…`, `TryParse` in
 * actions/runner, `src/Runner.Common/ActionCommand.cs`), and those of Azure Pipelines and TeamCity (`##vso[…`).
 */
const COMMAND_ANYWHERE = /(?<=#)#(?=[a-z]*\[)/giu;

/** A text from outside as one line that shows what is in it: whatever is not seen, or is obeyed, stands there as an escape. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escaped).replaceAll(COMMAND_ANYWHERE, escaped);
}

/**
 * What stays of a text of several lines: line ends, tabs, and what a `Style` with colours writes. The rest is what a terminal
 * would obey, or what shows a text in another order than it has.
 */
const KEPT = String.raw`\r?\n|\t`;
const COLOURS = String.raw`${"\u001b"}\[(?:1|2|22|31|32|33|36|39)m`;
const OBEYED = String.raw`[\p{Cc}\u202a-\u202e\u2066-\u2069]`;
const OBEYED_IN_PLAIN = new RegExp(`(${KEPT})|${OBEYED}`, "gu");
const OBEYED_IN_COLOURED = new RegExp(`(${KEPT}|${COLOURS})|${OBEYED}`, "gu");

/**
 * What GitHub's runner obeys wherever a line begins so: the names that its `src/Runner.Worker/ActionCommandManager.cs` knows.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
const WORKFLOW_COMMAND =
  /^([^\S\n]*):(?=:(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|internal-set-repo-path|notice|remove-matcher|save-state|set-env|set-output|stop-commands|warning)\b)/gimu;

/**
 * A text of several lines in which names and messages from outside stand: nothing in it is obeyed, but for the colours of the
 * style that it was written with.
 */
export function printable(text: string, { hasColour }: Pick<Style, "hasColour">): string {
  return text
    .replaceAll(
      hasColour ? OBEYED_IN_COLOURED : OBEYED_IN_PLAIN,
      (found, kept: string | undefined) => kept ?? escaped(found),
    )
    .replaceAll(WORKFLOW_COMMAND, "$1\\u003a")
    .replaceAll(COMMAND_ANYWHERE, escaped);
}

/**
 * A value as JSON, safe to print on a terminal and in a log, and the same value when it is read. Without an indent it is one
 * line.
 */
export function visibleJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent)
    .replaceAll(UNSEEN, (found) => (found === "\n" ? found : escaped(found)))
    .replaceAll(COMMAND_ANYWHERE, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
