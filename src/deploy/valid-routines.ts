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
    if (isVerdict(error)) return false;
    throw error;
  }
}

/** Whether PostgreSQL says something of a function, and not that it was interrupted, had to wait, or lost the connection. */
function isVerdict(error: unknown): boolean {
  return isDatabaseError(error) && !/^(57|55P03|40P01|53|58|08)/.test(error.code ?? "");
}

/**
 * Whether functions in SQL still hold whose bodies are texts in which one of `names` stands: what a migration renames or drops,
 * PostgreSQL does not know there. Those with a search_path of their own are not looked at, nor those that the validator may not
 * look at. Within a savepoint.
 */
export async function areStillValid(
  client: DatabaseClient,
  routines: readonly string[],
  names: readonly string[],
): Promise<boolean> {
  try {
    await client.query(
      withRoutines(
        client,
        `select pg_catalog.fmgr_sql_validator(p.oid)
         from pg_catalog.pg_proc as p
         join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanname = 'sql'
         where p.oid in (select routine_oid(name) from unnest($1::text[]) as name)
           and p.prosqlbody is null
           and pg_catalog.has_function_privilege(p.oid, 'execute')
           and exists (select from unnest($2::text[]) as w (word) where strpos(lower(p.prosrc), w.word) > 0)
           and not exists (
             select from unnest(p.proconfig) as c (setting) where c.setting like 'search_path=%' and c.setting <> 'search_path=""'
           )`,
      ),
      [routines, names],
    );
    return true;
  } catch (error) {
    if (isVerdict(error)) return false;
    throw error;
  }
}
