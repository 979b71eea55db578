import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { withRoutines } from "./routine-oid.ts";

/** Whether functions hold, by the validators that PostgreSQL itself calls when it creates them. */
export async function areValid(client: DatabaseClient, routines: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ validate: string }>(
    withRoutines(
      client,
      `select format('select %s(%s)', l.lanvalidator::regproc, p.oid) as validate
     from pg_catalog.pg_proc as p
     join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanvalidator <> 0
     where p.oid in (select routine_oid(name) from unnest($1::text[]) as name)`,
    ),
    [routines],
  );
  try {
    for (const { validate } of rows) await client.query(validate);
    return true;
  } catch (error) {
    if (isDatabaseError(error)) return false;
    throw error;
  }
}

/**
 * Whether functions in SQL still hold whose bodies are texts: what a migration renames or drops stands in them, and PostgreSQL
 * does not know. Those with a search_path of their own are not looked at. In one message, and within a savepoint.
 */
export async function areStillValid(client: DatabaseClient, routines: readonly string[]): Promise<boolean> {
  try {
    await client.query(
      withRoutines(
        client,
        `select pg_catalog.fmgr_sql_validator(p.oid)
         from pg_catalog.pg_proc as p
         join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanname = 'sql'
         where p.oid in (select routine_oid(name) from unnest($1::text[]) as name)
           and p.prosqlbody is null
           and not exists (
             select from unnest(p.proconfig) as c (setting) where c.setting like 'search_path=%' and c.setting <> 'search_path=""'
           )`,
      ),
      [routines],
    );
    return true;
  } catch (error) {
    if (isDatabaseError(error)) return false;
    throw error;
  }
}
