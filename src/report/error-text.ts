import type { SourceLocation, TmDbError } from "../core/errors.ts";
import type { Style } from "./style.ts";
import { printable } from "./visible.ts";

/**
 * An error for a person: what is wrong, where (`file:line:column`, the line itself and a caret), PostgreSQL's own
 * detail, and the next thing to do.
 */
export function errorText(error: TmDbError, style: Style): string {
  const lines = [`${style.red(style.bold("error"))} ${style.dim(error.code)} ${error.message}`];
  if (error.location !== undefined) lines.push(...placeLines(error.location, style));
  for (const problem of error.problems) {
    if (problem.location === undefined) lines.push(`  - ${problem.message}`);
    else lines.push(`  - ${placeOf(problem.location)} ${problem.message}`, ...caretLines(problem.location, style));
  }
  if (error.detail !== undefined) lines.push(...labelled("detail", error.detail, style));
  if (error.sqlState !== undefined) lines.push(`  ${style.dim("sqlstate")} ${error.sqlState}`);
  if (error.hint !== undefined) lines.push(...labelled("hint", error.hint, style));
  return printable(`${lines.join("\n")}\n`, style);
}

/** An error that tm-db did not foresee: everything a report of it needs. */
export function defectText(error: unknown, version: string, style: Style): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return printable(
    `${style.red(style.bold("defect"))} tm-db ${version} failed in a way that it should not. Please report it with these lines:\n` +
      `${trace}\n`,
    style,
  );
}

/** `file:line:column`. */
export function placeOf(location: SourceLocation): string {
  return `${location.file}:${location.line}:${location.column}`;
}

function placeLines(location: SourceLocation, style: Style): string[] {
  return [`  ${style.cyan("at")} ${placeOf(location)}`, ...caretLines(location, style)];
}

const WIDEST_LINE = 200;

/** The line itself, and a caret below the place. */
export function caretLines(location: SourceLocation, style: Style): string[] {
  const characters = [...location.text];
  const from = Math.max(0, location.column - 1 - WIDEST_LINE / 2);
  const shown = characters.slice(from, from + WIDEST_LINE).join("");
  // Tabs stay tabs, so that the caret stands below its character whatever the tab width.
  const lead = characters
    .slice(from, location.column - 1)
    .join("")
    .replaceAll(/[^\t]/g, " ");
  const number = String(location.line);
  return [
    `  ${style.dim(`${number} |`)} ${shown}`,
    `  ${style.dim(`${" ".repeat(number.length)} |`)} ${lead}${style.red("^")}`,
  ];
}

export function labelled(label: string, text: string, style: Style): string[] {
  const [first = "", ...rest] = text.split("\n");
  return [`  ${style.dim(label)} ${first}`, ...rest.map((line) => `  ${" ".repeat(label.length)} ${line}`)];
}
