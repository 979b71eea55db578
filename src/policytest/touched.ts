import type { PolicyName, TouchedSummary } from "../core/test-result.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { BatchOutcome } from "../db/run-batch.ts";
import type { Batch } from "./compose-batch.ts";

/** A role that used a command on a table, in an assertion. */
export interface Touched {
  readonly role: string;
  readonly command: string;
  /** The table's oid, which is the same in every clone. */
  readonly table: string;
}

/** What the assertions of a file reached, from the statements of its batch that ask for it. */
export function readTouched(batch: Batch, outcome: BatchOutcome): Touched[] {
  return batch.statements.flatMap(({ role }, index) =>
    role !== "touched"
      ? []
      : (outcome.rows[index] ?? []).flatMap(([name, command, table]) =>
          typeof name === "string" && typeof command === "string" && typeof table === "string"
            ? [{ role: name, command, table }]
            : [],
        ),
  );
}

/** Which policies those reached, and which not: a policy is reached by its command, as a role that it is for. */
export async function summariseTouched(client: DatabaseClient, touched: readonly Touched[]): Promise<TouchedSummary> {
  const distinct = [...new Map(touched.map((entry) => [JSON.stringify(entry), entry])).values()];
  const { rows } = await client.query<PolicyName & { readonly isTouched: boolean }>(
    `select
       format('%I.%I', n.nspname, c.relname) as table,
       p.polname as policy,
       case p.polcmd
         when 'r' then 'select'
         when 'a' then 'insert'
         when 'w' then 'update'
         when 'd' then 'delete'
         else 'all'
       end as command,
       exists (
         select
         from json_to_recordset($1) as t (role name, command text, "table" oid)
         where t.table = p.polrelid
           and (p.polcmd = '*' or t.command = case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' end)
           and exists (
             select
             from unnest(p.polroles) as for_role
             where for_role = 0
                or pg_catalog.pg_has_role(t.role, for_role, 'member')
           )
       ) as "isTouched"
     from pg_catalog.pg_policy as p
     join pg_catalog.pg_class as c on c.oid = p.polrelid
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     order by 1, 2`,
    [JSON.stringify(distinct)],
  );
  return {
    policies: rows.filter(({ isTouched }) => isTouched).length,
    roles: [...new Set(distinct.map(({ role }) => role))].toSorted(),
    commands: [...new Set(distinct.map(({ command }) => command))].toSorted(),
    untouched: rows
      .filter(({ isTouched }) => !isTouched)
      .map(({ table, policy, command }) => ({ table, policy, command })),
  };
}
