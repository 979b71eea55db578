/**
 * Reads a file as configurator-pg, PostgREST's library, does: its grammar in `src/Data/Configurator/Syntax.hs` as far as
 * bindings, comments, texts, numbers and booleans go, and its interpolation. Throws on anything else.
 */
export function parseConfigurator(
  text: string,
  env: Readonly<Record<string, string>> = {},
): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = new RegExp(`^(?:${pattern.source})`, `s${pattern.flags}`).exec(rest);
    if (match === null) return undefined;
    rest = rest.slice(match[0].length);
    return match;
  };
  for (;;) {
    take(/(?:\s|#(?!;)[^\r\n]*)*/);
    if (rest === "") return found;
    const name = take(/(\p{L}[\p{L}\p{N}_-]*(?:\.\p{L}[\p{L}\p{N}_-]*)*)\s*=\s*/u)?.[1];
    if (name === undefined) throw new Error(`no binding: ${rest.slice(0, 20)}`);
    found[name] = readValue(take, env);
    take(/[ \t]*(?:#[^\r\n]*)?/);
    if (rest !== "" && take(/[\r\n]/) === undefined) throw new Error(`trailing text: ${rest.slice(0, 20)}`);
  }
}

type Take = (pattern: RegExp) => RegExpExecArray | undefined;

function readValue(take: Take, env: Readonly<Record<string, string>>): string | number | boolean {
  const word = take(/on|off|true|false/)?.[0];
  if (word !== undefined) return word === "on" || word === "true";
  const number = take(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/)?.[0];
  if (number !== undefined) return Number(number);
  if (take(/"/) === undefined) throw new Error("no value");
  return interpolate(readText(take), env);
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

function readText(take: Take): string {
  let text = "";
  while (take(/"/) === undefined) {
    const plain = take(/[^"\\]/)?.[0];
    const escaped = plain === undefined ? take(/\\([ntr"\\])/)?.[1] : undefined;
    const code = plain === undefined && escaped === undefined ? take(/\\u([0-9a-fA-F]{4})/)?.[1] : undefined;
    const next =
      plain ?? ESCAPED[escaped ?? ""] ?? (code === undefined ? undefined : String.fromCharCode(parseInt(code, 16)));
    if (next === undefined) throw new Error("a text that does not end, or an unknown escape");
    text += next;
  }
  return text;
}

/** `$$` is a dollar, `$(name)` a variable, and any other dollar an error. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(\$|\(([^)]+)\)|)/g, (_, kind: string, name: string | undefined) => {
    if (kind === "$") return "$";
    const value = name === undefined ? undefined : env[name];
    if (value === undefined) throw new Error(`a dollar that is no reference: ${text}`);
    return value;
  });
}
