import { maskSql } from "../core/mask-sql.ts";
import { quoteLiteral } from "../core/quote-ident.ts";

/** A value for a statement. What is no text is written as PostgreSQL reads it; an object as JSON, an array as an array. */
export type Value =
  string | number | bigint | boolean | Date | null | readonly Value[] | { readonly [key: string]: unknown };

/**
 * Writes values as literals in the place of `$1`, `$2`, …, for statements that are executed by a function and so cannot
 * have parameters. Places in strings, quoted names and comments are left alone.
 * @throws RangeError for a place without a value.
 */
export function bindValues(sql: string, values: readonly Value[]): string {
  const masked = maskSql(sql, { comments: true });
  let out = "";
  let at = 0;
  for (const match of masked.matchAll(/(?<![\w$\u0080-\uffff])\$(\d+)/g)) {
    const value = values[Number(match[1]) - 1];
    if (value === undefined) throw new RangeError(`${match[0]} has no value: ${values.length} given`);
    out += sql.slice(at, match.index) + literal(value);
    at = match.index + match[0].length;
  }
  return out + sql.slice(at);
}

function literal(value: Value): string {
  return value === null ? "null" : quoteLiteral(textOf(value));
}

function textOf(value: Exclude<Value, null>): string {
  if (value instanceof Date) return value.toISOString();
  if (isList(value)) return `{${value.map(elementText).join(",")}}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isList(value: Exclude<Value, null>): value is readonly Value[] {
  return Array.isArray(value);
}

function elementText(element: Value): string {
  if (element === null) return "null";
  const text = textOf(element);
  return Array.isArray(element) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
