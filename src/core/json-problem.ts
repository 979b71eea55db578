import type { Problem } from "./errors.ts";
import { locate } from "./locate.ts";

/** What `JSON.parse` complains of in a file, and where, which it does not always say itself. */
export function jsonProblem(file: string, text: string): Problem | undefined {
  const message = complaintOf(text);
  if (message === undefined) return undefined;
  const words = message.replace(/(, "| in JSON at position |, \.\.\.")[^]*$/, "");
  return { message: words, location: locate(file, text, placeOf(text, message)) };
}

function complaintOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

function placeOf(text: string, message: string): number {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  const token = /^Unexpected token '?(.)/u.exec(message)?.[1];
  // The text up to a token is at worst cut short; with the wrong one it is wrong.
  for (let at = token === undefined ? -1 : text.indexOf(token); at >= 0; at = text.indexOf(token ?? "", at + 1)) {
    if (complaintOf(text.slice(0, at + (token ?? "").length))?.startsWith("Unexpected token") === true) return at;
  }
  return text.length;
}
