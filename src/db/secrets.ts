import type { Client } from "pg";
import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import { copyRows } from "./copy-rows.ts";

/** A column of a table that holds exactly one row. */
export interface SecretColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** The secret, or undefined where the table is missing or has no row. */
export async function readSecret(
  client: Client,
  at: SecretColumn,
): Promise<{ readonly exists: boolean; readonly secret: string | undefined }> {
  const table = quoteName(at.schema, at.table);
  const { rows: found } = await client.query<{ exists: boolean }>("select to_regclass($1) is not null as exists", [
    table,
  ]);
  if (found[0]?.exists !== true) return { exists: false, secret: undefined };
  const { rows } = await client.query<{ secret: string }>(`select ${quoteIdent(at.column)} as secret from ${table}`);
  return { exists: true, secret: rows[0]?.secret };
}

/**
 * Puts a secret in the place of the one before it. It travels by COPY into a table without conditions, and from there
 * in a block that swallows PostgreSQL's own words, so that it appears in no statement, detail or context of a log.
 */
export async function writeSecret(client: Client, at: SecretColumn, secret: string): Promise<void> {
  const table = quoteName(at.schema, at.table);
  await client.query("create temporary table tm_db_secret (value text) on commit drop");
  await copyRows(client, "pg_temp.tm_db_secret (value)", [[secret]]);
  await client.query(`do $$
    begin
      delete from ${table};
      insert into ${table} (${quoteIdent(at.column)}) select s.value from pg_temp.tm_db_secret as s;
    exception
      when others then
        raise exception 'the secret does not fit its column' using errcode = sqlstate;
    end
  $$`);
}

export async function roleExists(client: Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_catalog.pg_roles where rolname = $1", [role]);
  return rowCount === 1;
}

/** Sets a role's password from its SCRAM verifier: the password itself never leaves this process. */
export async function setRolePassword(client: Client, role: string, verifier: string): Promise<void> {
  await client.query(`alter role ${quoteIdent(role)} password ${quoteLiteral(verifier)}`);
}
