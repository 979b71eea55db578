import type { Client } from "pg";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { isPermissionDenied } from "./run-script.ts";
import { ownSqlError } from "./sql-error.ts";

/**
 * Drops a database, ending the sessions in it, and creates it empty with the same owner as the connection's role.
 * @throws TmDbError PERMISSION_DENIED where the role may not: dropping needs the owner, creating needs CREATEDB.
 */
export async function recreateDatabase(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ may_create: boolean }>(
    "select rolcreatedb or rolsuper as may_create from pg_catalog.pg_roles where rolname = current_user",
  );
  if (rows[0]?.may_create !== true) throw mayNot(name, "its role has no CREATEDB");
  try {
    await client.query(`drop database if exists ${quoteIdent(name)} with (force)`);
    await client.query(`create database ${quoteIdent(name)} template template0`);
  } catch (error) {
    if (isPermissionDenied(error)) throw mayNot(name, error.message);
    throw ownSqlError(error);
  }
}

function mayNot(name: string, why: string): TmDbError {
  return new TmDbError("PERMISSION_DENIED", `the database ${name} cannot be dropped and created anew: ${why}`, {
    hint: "take everything back inside the database instead: npx tm-db rollback --all",
  });
}
