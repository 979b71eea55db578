import type { Client } from "pg";
import { quoteIdent, quoteLiteral } from "../core/quote-ident.ts";

/** A role, for its sessions in one database: a role belongs to the whole server, and so do its other settings. */
export interface RoleInDatabase {
  readonly role: string;
  readonly database: string;
}

/** What `alter role … in database … set` gave the role. */
export async function readRoleSettings(
  client: Client,
  { role, database }: RoleInDatabase,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
     from pg_catalog.pg_db_role_setting as s
     cross join unnest(s.setconfig) as c
     where s.setrole = (select oid from pg_catalog.pg_roles where rolname = $1)
       and s.setdatabase = (select oid from pg_catalog.pg_database where datname = $2)`,
    [role, database],
  );
  return rows.map(({ name, value }) => [name, value]);
}

/** Who is connected, and which of these settings they may not give a role. */
export async function findMissingGrants(
  client: Client,
  names: readonly string[],
): Promise<{ readonly role: string; readonly missing: readonly string[] }> {
  const { rows } = await client.query<{ role: string; missing: string[] }>(
    `select
       current_user::text as role,
       array(
         select n.name
         from unnest($1::text[]) with ordinality as n (name, place)
         where not pg_catalog.has_parameter_privilege(n.name, 'set')
         order by n.place
       ) as missing`,
    [names],
  );
  return rows[0] ?? { role: "", missing: [] };
}

/** What PostgreSQL refuses comes out as the transaction words it. */
export async function writeRoleSettings(
  client: Client,
  { role, database }: RoleInDatabase,
  changes: { readonly set: readonly (readonly [name: string, value: string])[]; readonly reset: readonly string[] },
): Promise<void> {
  const alter = `alter role ${quoteIdent(role)} in database ${quoteIdent(database)}`;
  const statements = [
    ...changes.set.map(([name, value]) => `${alter} set ${name} to ${quoteLiteral(value)}`),
    ...changes.reset.map((name) => `${alter} reset ${name}`),
  ];
  for (const statement of statements) await client.query(statement);
}
