import type { MatrixResult } from "../../core/command-result.ts";
import { type Annotation, githubCommands } from "../github.ts";
import type { Style } from "../style.ts";
import { printable } from "../visible.ts";
import { matrixLines } from "./text.ts";
import { changeSentences } from "./words.ts";

/**
 * Annotations where the files declare what opened (errors) and what closed or is otherwise different (warnings), then the
 * report for people. `folder` is the project's in its repository, empty where it is the repository's own.
 */
export function matrixGithub(result: MatrixResult, folder: string, style: Style): string {
  const annotations = changeSentences(result.changes).map(({ kind, text, causes: [cause] }): Annotation => {
    const title = kind === "other" ? "changed" : kind;
    return { level: kind === "opened" ? "error" : "warning", title, text, location: cause?.location ?? null };
  });
  return githubCommands(annotations, folder) + printable(`${matrixLines(result, style).join("\n")}\n`, style);
}
