import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { Relation } from "./relations.ts";

/** A trigger that was switched off, and the statement that switches it on as it was. */
export interface TriggerOff {
  readonly restoreIt: string;
}

/** Switches the tables' own triggers off; those of foreign keys are PostgreSQL's and stay. For the owner of the tables. */
export async function switchTriggersOff(
  client: DatabaseClient,
  relations: readonly Relation[],
): Promise<readonly TriggerOff[]> {
  const off: TriggerOff[] = [];
  for (const { oid, quoted } of relations) {
    const { rows } = await client.query<{ name: string; always: boolean }>(
      `select t.tgname as name, t.tgenabled = 'A' as always
       from pg_catalog.pg_trigger as t
       where t.tgrelid = $1::bigint::oid
         and not t.tgisinternal
         and t.tgenabled in ('O', 'A')
       order by t.tgname`,
      [oid],
    );
    for (const { name, always } of rows) {
      await client.query(`alter table ${quoted} disable trigger ${quoteIdent(name)}`);
      off.push({ restoreIt: `alter table ${quoted} enable ${always ? "always " : ""}trigger ${quoteIdent(name)}` });
    }
  }
  return off;
}

export async function switchTriggersOn(client: DatabaseClient, off: readonly TriggerOff[]): Promise<void> {
  for (const { restoreIt } of off) await client.query(restoreIt);
}
