import type { DatabaseClient } from "../db/client.ts";
import type { AclEntry } from "./undo.ts";

/** A privilege that a function or table gets when this connection makes it. */
export interface DefaultPrivilege extends AclEntry {
  readonly kind: "function" | "table";
  /** Null for what holds in every schema. */
  readonly schema: string | null;
}

/** What `alter default privileges` says, or PostgreSQL where nobody has said anything; in an order of its own. */
export async function readDefaultPrivileges(client: DatabaseClient): Promise<readonly DefaultPrivilege[]> {
  const { rows } = await client.query<DefaultPrivilege>(DEFAULTS);
  return rows;
}

const DEFAULTS = `
select
  k.kind,
  n.nspname as schema,
  null as column,
  a.privilege_type as privilege,
  case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end as grantee,
  a.is_grantable as grantable
from (values ('function', 'f'::"char"), ('table', 'r'::"char")) as k (kind, letter)
cross join lateral (
  select 0 as namespace, coalesce(
    (
      select d.defaclacl
      from pg_catalog.pg_default_acl as d
      where d.defaclrole = pg_catalog.quote_ident(current_user)::regrole and d.defaclnamespace = 0 and d.defaclobjtype = k.letter
    ),
    pg_catalog.acldefault(k.letter, pg_catalog.quote_ident(current_user)::regrole)
  ) as acl
  union all
  select d.defaclnamespace, d.defaclacl
  from pg_catalog.pg_default_acl as d
  where d.defaclrole = pg_catalog.quote_ident(current_user)::regrole and d.defaclnamespace <> 0 and d.defaclobjtype = k.letter
) as l
left join pg_catalog.pg_namespace as n on n.oid = l.namespace
cross join lateral pg_catalog.aclexplode(l.acl) as a
order by k.kind, n.nspname nulls first, a.grantee, a.privilege_type, a.is_grantable`;

export function areSameDefaults(some: readonly DefaultPrivilege[], others: readonly DefaultPrivilege[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}
