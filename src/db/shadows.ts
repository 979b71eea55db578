import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "./client.ts";

/**
 * SQL of one text, or null: what in the connection's search_path has the name of one of PostgreSQL's own functions or
 * operators, and belongs to somebody without the rights of the connection. PostgreSQL takes what fits the types best,
 * wherever in the path it stands, so queries of tm-db could run it:
 * https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058:_Protect_Your_Search_Path
 * Whatever it names is qualified, so that nothing of it can be taken for another.
 */
export const SHADOW = `
select pg_catalog.concat(f.kind, ' ', n.nspname, '.', f.name, ' of the role ', pg_catalog.pg_get_userbyid(f.owner))
from (
  select 'function' as kind, p.oid, p.proname as name, p.pronamespace as namespace, p.proowner as owner
  from pg_catalog.pg_proc as p
  union all
  select 'operator', o.oid, o.oprname, o.oprnamespace, o.oprowner
  from pg_catalog.pg_operator as o
) as f
join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) f.namespace
where f.oid operator(pg_catalog.>=) '16384'::pg_catalog.oid
  and n.nspname operator(pg_catalog.=) any (pg_catalog.current_schemas(false))
  and not pg_catalog.pg_has_role(f.owner, current_user, 'member')
  and (
    exists (
      select
      from pg_catalog.pg_proc as own
      where own.proname operator(pg_catalog.=) f.name and own.oid operator(pg_catalog.<) '16384'::pg_catalog.oid
    )
    or exists (
      select
      from pg_catalog.pg_operator as own
      where own.oprname operator(pg_catalog.=) f.name and own.oid operator(pg_catalog.<) '16384'::pg_catalog.oid
    )
  )
limit 1`;

/** @throws TmDbError PERMISSION_DENIED where there is one. For whoever does not read the ledger, which asks by itself. */
export async function refuseShadows(client: DatabaseClient): Promise<void> {
  const { rows } = await client.query<{ shadow: string | null }>(`select (${SHADOW}) as shadow`);
  refuseShadow(rows[0]?.shadow ?? null);
}

/** @throws TmDbError PERMISSION_DENIED for what `SHADOW` found. */
export function refuseShadow(shadow: string | null): void {
  if (shadow === null) return;
  throw new TmDbError("PERMISSION_DENIED", `the ${shadow} could be called in the place of PostgreSQL's own`, {
    detail: "it is in the search_path of this connection, and would run with its rights",
    hint: "find out what it is for; then drop it, give it another owner, or take its schema out of the search_path,\nand let nobody create there whom you do not trust: revoke create on schema … from …",
  });
}
