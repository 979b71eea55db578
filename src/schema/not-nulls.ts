import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import NOT_NULLS from "./not-nulls.sql";

/** A NOT NULL constraint that is not as PostgreSQL makes one for `create table t (c int not null)`. */
export interface NotNull {
  /** Quoted, with its schema. */
  readonly table: string;
  readonly column: string;
  readonly name: string;
  readonly isValid: boolean;
  readonly isInherited: boolean;
}

/** The NOT NULL constraints with a name or a state of their own. Before PostgreSQL 18 there are none. */
export async function readNotNulls(client: DatabaseClient): Promise<NotNull[]> {
  const { rows } = await client.query<NotNull>(NOT_NULLS);
  return rows;
}

/**
 * Gives the columns of a copy, which are NOT NULL already, the constraints of the original, in the transaction that is open.
 * A table on which PostgreSQL refuses it keeps what it has.
 */
export async function copyNotNulls(client: DatabaseClient, notNulls: readonly NotNull[]): Promise<void> {
  const tables = new Map<string, NotNull[]>();
  for (const notNull of notNulls) tables.set(notNull.table, [...(tables.get(notNull.table) ?? []), notNull]);
  for (const [table, wanted] of tables) {
    await client.query("savepoint tm_db_copy");
    try {
      await copyNotNullsOf(client, table, wanted);
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      await client.query("rollback to savepoint tm_db_copy");
    }
    await client.query("release savepoint tm_db_copy");
  }
}

async function copyNotNullsOf(client: DatabaseClient, table: string, wanted: readonly NotNull[]): Promise<void> {
  const { rows } = await client.query<{ column: string; name: string }>(
    `select a.attname as column, k.conname as name
     from pg_catalog.pg_constraint as k
     join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
     where k.contype = 'n' and k.conrelid = $1::regclass`,
    [table],
  );
  const names = new Map(rows.map(({ column, name }) => [column, name]));
  const there = wanted.flatMap((notNull, index) => {
    const name = names.get(notNull.column);
    return name === undefined ? [] : [{ notNull, name, aside: `tm_db_copy_${index}` }];
  });
  // First out of each other's way: two columns may have exchanged their names.
  for (const { name, aside } of there)
    await client.query(`alter table ${table} rename constraint ${quoteIdent(name)} to ${quoteIdent(aside)}`);
  for (const { notNull, aside } of there) {
    const { column, name, isValid, isInherited } = notNull;
    if (isValid && isInherited) {
      await client.query(`alter table ${table} rename constraint ${aside} to ${quoteIdent(name)}`);
    } else {
      const options = `${isInherited ? "" : " no inherit"}${isValid ? "" : " not valid"}`;
      await client.query(
        `alter table ${table} drop constraint ${aside}, ` +
          `add constraint ${quoteIdent(name)} not null ${quoteIdent(column)}${options}`,
      );
    }
  }
}
