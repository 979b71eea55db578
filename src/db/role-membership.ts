import type { Client } from "pg";

/** Whether a role exists, and PostgREST's own role is it or may become it. */
export async function canBecome(
  client: Client,
  { role, authenticator }: { readonly role: string; readonly authenticator: string },
): Promise<boolean> {
  const { rows } = await client.query<{ can: boolean | null }>(
    `select pg_catalog.pg_has_role(a.oid, r.oid, 'member') as can
     from pg_catalog.pg_roles as r
     cross join pg_catalog.pg_roles as a
     where r.rolname = $1 and a.rolname = $2`,
    [role, authenticator],
  );
  return rows[0]?.can === true;
}
