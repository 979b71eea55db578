import type { Client } from "pg";
import { quoteName } from "../core/quote-ident.ts";
import { isDatabaseError } from "./run-script.ts";
import { sqlError } from "./sql-error.ts";

/** A materialized view, and whether it can be refreshed without readers having to wait. */
export interface MaterializedView {
  readonly schema: string;
  readonly name: string;
  readonly canConcurrently: boolean;
  /** Whether it can be read: it has been filled at least once. */
  readonly isPopulated: boolean;
  /** Whether it belongs to the role of the connection, or to one that this role is a member of. */
  readonly isOwn: boolean;
}

/**
 * The materialized views of a database that no extension brought, in the order of their creation, so that one that
 * reads another comes after it.
 */
export async function readMaterializedViews(client: Client): Promise<MaterializedView[]> {
  const { rows } = await client.query<MaterializedView>(
    `select
       n.nspname as schema,
       c.relname as name,
       c.relispopulated as "isPopulated",
       pg_catalog.pg_has_role(c.relowner, 'usage') as "isOwn",
       c.relispopulated and exists (
         select
         from pg_catalog.pg_index as i
         where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
       ) as "canConcurrently"
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = 'm'
       and not exists (
         select
         from pg_catalog.pg_depend as d
         where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
       )
     order by c.oid`,
  );
  return rows;
}

export async function refreshView(client: Client, view: MaterializedView): Promise<void> {
  const concurrently = view.canConcurrently ? "concurrently " : "";
  await client.query(`refresh materialized view ${concurrently}${quoteName(view.schema, view.name)}`);
}

/**
 * Brings those that hold something, and that the role may refresh, up to what their tables hold now. One that was never
 * filled stays so. Readers wait; a transaction that is open may go on.
 * @throws TmDbError SQL_ERROR and the like: the query of one of them fails on these rows.
 */
export async function refreshFilledViews(client: Client): Promise<void> {
  try {
    for (const view of await readMaterializedViews(client)) {
      if (view.isPopulated && view.isOwn) await refreshView(client, { ...view, canConcurrently: false });
    }
  } catch (error) {
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  }
}

/** Calls a function without arguments and returns its answer as text. */
export async function callFunction(client: Client, schema: string, name: string): Promise<string | null> {
  const { rows } = await client.query<{ answer: string | null }>(`select ${quoteName(schema, name)}()::text as answer`);
  return rows[0]?.answer ?? null;
}
