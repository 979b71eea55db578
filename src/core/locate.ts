import type { SourceLocation } from "./errors.ts";

/** Finds line and column of a character offset in a file's text; an offset past the end is the end. */
export function locate(file: string, text: string, offset: number): SourceLocation {
  const at = Math.max(0, Math.min(offset, text.length));
  const lineStart = at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1;
  const lineEnd = text.indexOf("\n", at);
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < lineStart; index = text.indexOf("\n", index + 1))
    line += 1;
  return {
    file,
    line,
    column: [...text.slice(lineStart, at)].length + 1,
    text: text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd),
  };
}
