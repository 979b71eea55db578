import { kindWords } from "./words.ts";

/**
 * What is different about one property, in words: both values in a line, or of longer texts the lines that differ, with
 * `-` for the expected and `+` for what was found.
 */
export function detailWords(property: string, expected: unknown, found: unknown): string {
  const [before, after] = [valueWords(expected), valueWords(found)];
  const label = LABELS[property] ?? kindWords(property);
  if (!before.includes("\n") && !after.includes("\n"))
    return `${label}: ${hideSettings(before)} → ${hideSettings(after)}`;
  return [`${label}:`, ...differingLines(before.split("\n"), after.split("\n"))].join("\n");
}

const LABELS: Readonly<Record<string, string>> = {
  def: "definition",
  expr: "expression",
  usingExpr: "using",
  checkExpr: "with check",
  rowSecurity: "row level security",
  forceRowSecurity: "forced row level security",
  reloptions: "options",
  notNull: "not null",
  cmd: "command",
};

function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value === "" ? "''" : value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueWords).join(", ");
  return JSON.stringify(value);
}

/** Settings with a dot in their name are an application's own, and are where people keep secrets. */
export function isOwnSetting(name: string): boolean {
  return name.includes(".");
}

/** `app.secret=x` and `set app.secret to 'x'`, without the value. */
function hideSettings(text: string): string {
  return text
    .replaceAll(/(^|, )("?[\w$]+"?\."?[\w$.]+"?)=.*$/gm, "$1$2=(not shown)")
    .replaceAll(/^(\s*set\s+"?[\w$]+"?\."?[\w$.]+"?\s+(?:to|=)\s).*$/gim, "$1(not shown)");
}

function differingLines(before: readonly string[], after: readonly string[]): string[] {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const part = (lines: readonly string[], sign: string): string[] =>
    lines.slice(start, lines.length - end).map((line) => `${sign} ${hideSettings(line)}`);
  return [...part(before, "-"), ...part(after, "+")];
}
