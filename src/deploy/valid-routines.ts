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
