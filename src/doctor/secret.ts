import { quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { API_ROLES, type ApiRoles } from "./roles.ts";

/** The columns of one table that decide which tokens are accepted. */
export interface SecretColumns {
  readonly schema: string;
  readonly table: string;
  /** Whoever reads one can be anybody. */
  readonly secret: readonly string[];
  /** Whoever writes one, or one of those, can be anybody too. */
  readonly other: readonly string[];
}

export interface SecretRight {
  readonly role: string;
  readonly column: string;
  readonly privilege: "select" | "insert" | "update";
}

/** What the roles of the API, and the authenticator, may do with them. */
export async function rightsOnSecrets(
  client: DatabaseClient,
  { schema, table, secret, other }: SecretColumns,
  { authenticator, anonymous }: ApiRoles,
): Promise<readonly SecretRight[]> {
  const { rows } = await client.query<SecretRight>(
    `with reader as (
       ${API_ROLES}
       union
       select r.oid, r.rolname
       from pg_catalog.pg_roles as r
       where r.rolname = $1
     )
     select r.rolname as role, a.attname as column, p.privilege
     from reader as r
     cross join (values ('select'), ('insert'), ('update')) as p (privilege)
     join pg_catalog.pg_attribute as a
       on a.attrelid = to_regclass($3) and a.attname = any (case when p.privilege = 'select' then $4::text[] else $4 || $5::text[] end)
     join pg_catalog.pg_class as c on c.oid = a.attrelid
     where has_schema_privilege(r.oid, c.relnamespace, 'usage')
       and has_column_privilege(r.oid, c.oid, a.attnum, p.privilege)
     order by r.rolname, p.privilege desc, a.attnum`,
    [authenticator, anonymous, quoteName(schema, table), secret, other],
  );
  return rows;
}
