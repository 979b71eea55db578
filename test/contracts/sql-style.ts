import { maskSql } from "../../src/core/mask-sql.ts";

const CLAUSE = "select|from|where|group by|having|order by|limit|offset|returning";
const BEGINS_WITH_CLAUSE = new RegExp(`^\\s*(${CLAUSE})\\b`);
const CLAUSES = new RegExp(`\\b(${CLAUSE})\\b`, "g");
const LONGEST_NAME_BYTES = 63;

/**
 * What a file of SQL does against our style, as `line: what`: the part of it that can be seen without parsing. Bodies
 * of functions are looked into; comments, strings and quoted names are not.
 */
export function styleProblems(text: string): string[] {
  const lines = text.split("\n");
  const problems: string[] = [];
  const add = (line: number, what: string): void => void problems.push(`${line}: ${what}`);
  for (const [index, line] of lines.entries()) {
    if (line.includes("\t")) add(index + 1, "a tab");
    if (line.includes("\r")) add(index + 1, "a carriage return");
    if (/[ ]$/.test(line)) add(index + 1, "blanks at the end of the line");
  }
  if (!text.endsWith("\n") || text.endsWith("\n\n")) add(lines.length, "the file does not end with one line end");
  for (const [index, line] of code(text).split("\n").entries()) {
    if (/[A-Z]/.test(line)) add(index + 1, `capitals: ${line.trim()}`);
    // A line that begins inside a string or comment is not ours to indent.
    const indent = line.search(/\S/);
    if (indent % 2 === 1 && indent === lines[index]?.search(/\S/)) add(index + 1, "an odd number of blanks before it");
    if (holdsTwoClauses(line)) add(index + 1, `two clauses: ${line.trim()}`);
    for (const name of line.match(/[\w$\u0080-\uffff]+/g) ?? []) {
      if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) add(index + 1, `a name over 63 bytes: ${name}`);
    }
  }
  return problems;
}

const BODY = /\$(\w*)\$([\s\S]*?)\$\1\$/g;

/** The text without comments, strings and quoted names, each blanked out; bodies of functions stay. */
function code(text: string): string {
  const outside = maskSql(text, { comments: true });
  let result = outside;
  for (const match of text.matchAll(BODY)) {
    const [whole, tag = "", body = ""] = match;
    // A `$$` in a comment or string begins no body: there the mask left nothing before it that leads to one.
    const before = outside.slice(0, match.index);
    if (!/\b(as|do)\s*$/.test(before)) continue;
    const start = match.index + tag.length + 2;
    const end = match.index + whole.length;
    result = `${result.slice(0, start)}${maskSql(body, { comments: true })}${result.slice(end - tag.length - 2)}`;
  }
  return result;
}

/** Whether a line that begins a clause begins another one after it. What stands in parentheses is one expression. */
function holdsTwoClauses(line: string): boolean {
  if (!BEGINS_WITH_CLAUSE.test(line)) return false;
  let flat = line;
  for (let before = ""; before !== flat;) {
    before = flat;
    flat = flat.replace(/\([^()]*\)/g, " ");
  }
  const [own] = flat.split(/[()]/);
  const clauses = (own ?? "").replace(/\bis (not )?distinct from\b|\bextract\b.*?\bfrom\b/g, " ").match(CLAUSES) ?? [];
  return clauses.length > 1;
}
