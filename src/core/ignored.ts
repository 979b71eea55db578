/**
 * Kinds of objects that the setting `ignore` may name, in the words of `tm-db drift`. All that belongs to one is ignored
 * with it: what lies in a schema, what an extension made, a role's settings and default privileges.
 */
export const OBJECT_KINDS: readonly string[] = [
  "schema",
  "extension",
  "role",
  "event trigger",
  "publication",
  "subscription",
  "fdw",
  "server",
  "language",
  "table",
  "foreign table",
  "view",
  "materialized view",
  "sequence",
  "function",
  "procedure",
  "aggregate",
  "type",
  "domain",
  "collation",
  "column",
  "constraint",
  "index",
  "trigger",
  "policy",
  "rule",
  "setting",
  "statistics",
];

/** Whether a text begins as the name of an object does: `schema storage`, `table public.spatial_ref_sys`. */
export function namesObject(text: string): boolean {
  return OBJECT_KINDS.some((kind) => text.startsWith(`${kind} `) && text.length > kind.length + 1);
}

/** The schema that `schema storage` or `schema "My Files"` names; undefined for everything else. */
export function ignoredSchema(words: string): string | undefined {
  const name = /^schema (.+)$/.exec(words)?.[1];
  return name?.startsWith('"') === true ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** One spelling for each object: PostgreSQL, tm-db and people differ in which names they quote. */
export function plainName(words: string): string {
  return words.trim().replaceAll(/"([a-z_][a-z0-9_$]*)"/g, "$1");
}
