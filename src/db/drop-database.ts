import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "./client.ts";
import { isPermissionDenied } from "./run-script.ts";
import { ownSqlError } from "./sql-error.ts";

/**
 * Drops a database of tm-db's own, if it is there, ending the sessions in it. A worker of autovacuum may be in it too: a
 * role that is no superuser may not end that one, and `force` then refuses; without `force` PostgreSQL sends it away.
 * @throws TmDbError DISK_FULL, PERMISSION_DENIED, SQL_ERROR.
 */
export async function dropDatabase(client: DatabaseClient, name: string): Promise<void> {
  const statement = `drop database if exists ${quoteIdent(name)}`;
  try {
    await client.query(`${statement} with (force)`);
  } catch (error) {
    if (!isPermissionDenied(error)) throw ownSqlError(error);
    await client.query(statement).catch((secondError: unknown) => {
      throw ownSqlError(secondError);
    });
  }
}
