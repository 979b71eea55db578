import { maskSql } from "../core/mask-sql.ts";

/** What makes a name mean something else, or nothing. */
const BREAKS = /\b(rename|drop)\b|\balter\s+(column\s+)?\S+\s+(set\s+data\s+)?type\b|\bset\s+schema\b/i;

/** A name, and whether it is the schema of another one. */
const NAME = /"((?:[^"]|"")*)"(\s*\.)?|\b([a-z_][\w$]*)\b(\s*\.)?/gi;

const KEYWORDS = new Set(
  "add alter cascade column constraint data default drop exists foreign function if index materialized not null on only policy procedure rename restrict routine schema sequence set table to trigger type using view".split(
    " ",
  ),
);

/** The names, in small letters, in the statements of SQL that rename, drop or move something, or change its type. */
export function brokenNames(sql: string): string[] {
  if (!BREAKS.test(sql)) return [];
  const names = new Set<string>();
  let start = 0;
  // Of the same length, so that what is masked (names in quotes) can be read where it stands.
  for (const statement of maskSql(sql, { comments: true }).split(";")) {
    const written = sql.slice(start, start + statement.length);
    start += statement.length + 1;
    if (!BREAKS.test(statement)) continue;
    for (const [, quoted, dot, plain, secondDot] of written.matchAll(NAME))
      if ((dot ?? secondDot) === undefined) names.add((quoted?.replaceAll('""', '"') ?? plain ?? "").toLowerCase());
  }
  return [...names].filter((name) => name !== "" && !KEYWORDS.has(name));
}
