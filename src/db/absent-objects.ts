import type { Client } from "pg";

/** What a project's settings can name in a database. */
export type NamedObject =
  | { readonly kind: "role"; readonly name: string }
  | { readonly kind: "schema"; readonly name: string }
  /** One that can be called without arguments. */
  | { readonly kind: "function"; readonly schema: string; readonly name: string }
  | { readonly kind: "column"; readonly schema: string; readonly table: string; readonly column: string };

/** Those of the objects that the database does not have, in one question, whose answer no privilege hides. */
export async function findAbsentObjects<Named extends { readonly object: NamedObject }>(
  client: Client,
  named: readonly Named[],
): Promise<readonly Named[]> {
  if (named.length === 0) return [];
  const { rows } = await client.query<{ place: number }>(
    `select w.place
     from jsonb_to_recordset($1)
       as w (place integer, kind text, schema text, name text, "table" text, "column" text)
     where not case w.kind
       when 'role' then exists (select from pg_catalog.pg_roles as r where r.rolname = w.name)
       when 'schema' then exists (select from pg_catalog.pg_namespace as n where n.nspname = w.name)
       when 'function' then exists (
         select
         from pg_catalog.pg_proc as p
         join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
         where n.nspname = w.schema
           and p.proname = w.name
           and p.pronargs - p.pronargdefaults = 0
       )
       else exists (
         select
         from pg_catalog.pg_attribute as a
         join pg_catalog.pg_class as c on c.oid = a.attrelid
         join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = w.schema
           and c.relname = w."table"
           and a.attname = w."column"
           and not a.attisdropped
       )
     end`,
    [JSON.stringify(named.map(({ object }, place) => ({ place, ...object })))],
  );
  const absent = new Set(rows.map(({ place }) => place));
  return named.filter((_, place) => absent.has(place));
}

/** `role anonymous`, `column auth.secrets.secret`. */
export function objectWords(object: NamedObject): string {
  switch (object.kind) {
    case "role":
    case "schema":
      return `${object.kind} ${object.name}`;
    case "function":
      return `function ${object.schema}.${object.name}()`;
    case "column":
      return `column ${object.schema}.${object.table}.${object.column}`;
  }
}
