import type { Client } from "pg";

/** What PostgREST's own role has to do with another. */
export interface Membership {
  /** Whether there is such a role. */
  readonly exists: boolean;
  /** Whether PostgREST's own role is it or may become it. */
  readonly canBecome: boolean;
  /** The roles that PostgREST's own may become. */
  readonly memberOf: readonly string[];
}

/** Whether PostgREST can become a role. */
export async function readMembership(
  client: Client,
  { role, authenticator }: { readonly role: string; readonly authenticator: string },
): Promise<Membership> {
  const { rows } = await client.query<Membership>(
    `select
       exists (select from pg_catalog.pg_roles as r where r.rolname = $1) as "exists",
       coalesce(bool_or(r.rolname = $1), false) as "canBecome",
       coalesce(array_agg(r.rolname::text order by r.rolname) filter (where r.oid <> a.oid), '{}') as "memberOf"
     from pg_catalog.pg_roles as a
     join pg_catalog.pg_roles as r on pg_catalog.pg_has_role(a.oid, r.oid, 'member')
     where a.rolname = $2`,
    [role, authenticator],
  );
  return rows[0] ?? { exists: false, canBecome: false, memberOf: [] };
}
