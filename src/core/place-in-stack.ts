import type { SourceLocation } from "./errors.ts";

/** Where in a script an error was thrown, as its stack or a parser's message says; undefined where neither names the file. */
export function placeInStack(
  error: unknown,
  { path, text }: { readonly path: string; readonly text: string },
): SourceLocation | undefined {
  const { stack = "", message } = error instanceof Error ? error : { message: "" };
  for (const trace of `${stack}\n${message}`.split("\n")) {
    const at = trace.lastIndexOf(`${path}:`);
    const numbers = at < 0 ? null : /^(\d+):(\d+)/.exec(trace.slice(at + path.length + 1));
    const line = Number(numbers?.[1]);
    const code = text.split("\n")[line - 1];
    if (code !== undefined) return { file: path, line, column: Number(numbers?.[2]), text: code };
  }
  return undefined;
}
