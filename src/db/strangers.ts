import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "./client.ts";

/**
 * Refuses a database with an object that somebody may have made who has not the rights of the connection. Making it again
 * runs what is in it (a view's function, a column's default) with those rights.
 *
 * Somebody is a role that may log in; what belongs to a role that nobody else can become was made by nobody else.
 * @throws TmDbError PERMISSION_DENIED, with the object and its owner.
 */
export async function refuseStrangers(client: DatabaseClient): Promise<void> {
  const { rows } = await client.query<{ object: string; owner: string; stranger: string; self: string }>(
    `select
       pg_catalog.pg_describe_object(d.classid, d.objid, 0) as object,
       o.rolname as owner,
       s.rolname as stranger,
       current_user as self
     from pg_catalog.pg_shdepend as d
     join pg_catalog.pg_roles as o on o.oid operator(pg_catalog.=) d.refobjid
     join pg_catalog.pg_roles as s on s.rolcanlogin and pg_catalog.pg_has_role(s.oid, o.oid, 'member')
     where d.dbid operator(pg_catalog.=) (
         select b.oid from pg_catalog.pg_database as b where b.datname operator(pg_catalog.=) pg_catalog.current_database()
       )
       and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
       and d.deptype operator(pg_catalog.=) 'o'
       and not pg_catalog.pg_has_role(s.oid, current_user, 'member')
     limit 1`,
  );
  const [found] = rows;
  if (found === undefined) return;
  const { object, owner, stranger, self } = found;
  const who = owner === stranger ? stranger : `${owner}, which ${stranger} may become`;
  throw new TmDbError("PERMISSION_DENIED", `the schema is not copied: ${object} belongs to ${who}`, {
    detail: `what ${stranger} wrote would run with the rights of ${self}`,
    hint: "leave --locks out; or connect as a role that may do no more than make databases and what is in this one",
  });
}
