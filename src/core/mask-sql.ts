/**
 * Blanks out what only looks like SQL: string literals, quoted names, dollar-quoted bodies and block comments become
 * spaces of the same length (line ends stay), and with `comments: true` line comments too. What is left can be searched
 * with plain patterns. Follows "Lexical Structure" of PostgreSQL's manual, with `standard_conforming_strings` on.
 */
export function maskSql(sql: string, options: { readonly comments: boolean }): string {
  let out = "";
  let at = 0;
  const blank = (end: number): void => {
    out += sql.slice(at, end).replaceAll(/[^\n]+/g, (line) => " ".repeat(line.length));
    at = end;
  };
  while (at < sql.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    if (match === null) {
      out += sql.slice(at);
      break;
    }
    out += sql.slice(at, match.index);
    at = match.index;
    const token = match[0];
    if (token.startsWith("--")) {
      const end = endOfLine(sql, at);
      if (options.comments) blank(end);
      else {
        out += sql.slice(at, end);
        at = end;
      }
    } else if (token === "/*") blank(endOfBlockComment(sql, at));
    else if (token.startsWith("$")) blank(endAfter(sql, token, at + token.length));
    else if (token === '"') blank(endOfQuoted(sql, at + 1, '"', false));
    else blank(endOfQuoted(sql, at + token.length, "'", /^e/i.test(token)));
  }
  return out;
}

/** What opens something that is not plain SQL. A name may not run into `e'` or `$tag$`: `price'` and `a$b$` open neither. */
const TOKEN =
  /--|\/\*|"|(?<![\w$\u0080-\uffff])e'|'|(?<![\w$\u0080-\uffff])\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/gi;

function endOfLine(sql: string, from: number): number {
  const end = sql.indexOf("\n", from);
  return end === -1 ? sql.length : end;
}

function endAfter(sql: string, closing: string, from: number): number {
  const end = sql.indexOf(closing, from);
  return end === -1 ? sql.length : end + closing.length;
}

function endOfQuoted(sql: string, from: number, quote: string, backslash: boolean): number {
  for (let at = from; at < sql.length; at += 1) {
    if (backslash && sql[at] === "\\") at += 1;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

function endOfBlockComment(sql: string, from: number): number {
  let depth = 0;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}
