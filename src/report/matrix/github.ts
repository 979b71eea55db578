import type { MatrixResult } from "../../core/command-result.ts";
import type { Style } from "../style.ts";
import { matrixLines } from "./text.ts";
import { changeSentences } from "./words.ts";

/**
 * Annotations where the files declare what opened (errors) and what closed or is otherwise different (warnings), then the
 * report for people. `folder` is the project's in its repository, empty where it is the repository's own.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function matrixGithub(result: MatrixResult, folder: string, style: Style): string {
  const annotations = changeSentences(result.changes).map(({ kind, text, causes: [cause] }) => {
    const place = cause === undefined ? "" : placeProperties(cause.location, folder);
    const title = kind === "other" ? "changed" : kind;
    return `::${kind === "opened" ? "error" : "warning"} ${place}title=${title}::${data(text)}\n`;
  });
  return `${annotations.join("")}${matrixLines(result, style).join("\n")}\n`;
}

function placeProperties(
  location: { readonly file: string; readonly line: number; readonly column: number },
  folder: string,
): string {
  const file = folder === "" ? location.file : `${folder}/${location.file}`;
  return `file=${property(file)},line=${location.line},col=${location.column},`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
