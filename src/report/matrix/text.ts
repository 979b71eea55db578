import type { MatrixResult } from "../../core/command-result.ts";
import { placeOf } from "../error-text.ts";
import { formatMs, plural } from "../format.ts";
import type { Style } from "../style.ts";
import { changeSentences, type ChangeSentence } from "./words.ts";

/** What opened and closed, what became of the files, and what the matrix is made of. */
export function matrixLines(result: MatrixResult, style: Style): string[] {
  const sentences = changeSentences(result.changes);
  return [
    ...sectionLines("opened", sentences, style),
    ...sectionLines("closed", sentences, style),
    ...sectionLines("other", sentences, style),
    ...result.files.flatMap(({ path, state }) => (state === "unchanged" ? [] : [`${fileWord(state, style)} ${path}`])),
    ...verdict(result, style),
  ];
}

function sectionLines(kind: ChangeSentence["kind"], sentences: readonly ChangeSentence[], style: Style): string[] {
  const word = { opened: style.red("opened"), closed: style.green("closed"), other: style.yellow("changed") }[kind];
  return sentences
    .filter((sentence) => sentence.kind === kind)
    .flatMap(({ text, causes }) => [
      `${word} ${text}`,
      ...causes.map(({ what, location }) => `  ${style.cyan("at")} ${placeOf(location)} ${style.dim(what)}`),
    ]);
}

function fileWord(state: MatrixResult["files"][number]["state"], style: Style): string {
  return state === "written" ? "wrote" : style.red(state === "missing" ? "there is no" : "not up to date:");
}

function verdict({ matrix, checked, holds, changes, files, server, ms }: MatrixResult, style: Style): string[] {
  const { personas, relations, functions, cells } = matrix;
  const undecided = cells.filter(({ ended }) => ended.kind === "undecided").length;
  const counts = `${cells.length} cells (${personas.length === 1 ? "1 person" : `${personas.length} people`}, ${relations.length === 1 ? "1 table or view" : `${relations.length} tables and views`}, ${plural(functions.length, "function")}), ${undecided} undecided`;
  const [answer, next] = !checked
    ? [style.green(changes.length === 0 ? "observed" : "observed; look at the difference before you commit it")]
    : holds
      ? [style.green("the committed matrix holds")]
      : files.every(({ state }) => state === "missing")
        ? [style.red("no matrix is there to compare with"), "write one, and commit it: npx tm-db matrix"]
        : [style.red("the committed matrix does not hold"), "if that is meant: npx tm-db matrix"];
  const observed = `${answer}: ${counts} in ${formatMs(ms)} ${style.dim(`(a database of its own on ${server.address}, PostgreSQL ${server.version})`)}`;
  return [observed, ...(next === undefined ? [] : [next])];
}
