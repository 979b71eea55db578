import { quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { SecretColumn } from "../db/secrets.ts";
import { API_ROLES, type ApiRoles } from "./roles.ts";

/** The roles of the API, and the authenticator, that may read the column: whoever reads the secret can be anybody. */
export async function rolesThatRead(
  client: DatabaseClient,
  at: SecretColumn,
  { authenticator, anonymous }: ApiRoles,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `with reader as (
       ${API_ROLES}
       union
       select r.oid, r.rolname
       from pg_catalog.pg_roles as r
       where r.rolname = $1
     )
     select r.rolname as name
     from reader as r
     join pg_catalog.pg_attribute as a on a.attrelid = to_regclass($3) and a.attname = $4
     join pg_catalog.pg_class as c on c.oid = a.attrelid
     where has_schema_privilege(r.oid, c.relnamespace, 'usage')
       and has_column_privilege(r.oid, c.oid, a.attnum, 'select')
     order by 1`,
    [authenticator, anonymous, quoteName(at.schema, at.table), at.column],
  );
  return rows.map(({ name }) => name);
}
