import type { Client } from "pg";
import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import { copyRows } from "./copy-rows.ts";

/** A column of a table that holds exactly one row. */
export interface SecretColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Columns of the same row, for the time in which one secret takes the place of another. */
export interface RotationColumns {
  readonly standby: string;
  readonly previous: string;
  /** A timestamptz. */
  readonly previousUntil: string;
}

/** What a one-row table holds of secrets; the row is locked until the transaction ends where `forUpdate` says so. */
export interface StoredSecrets {
  readonly secret: string;
  readonly standby: string | null;
  readonly previous: string | null;
  /** ISO 8601; null where there is no previous one. */
  readonly previousUntil: string | null;
  /** Whether the previous secret is still accepted, by the server's clock. */
  readonly previousAccepted: boolean;
}

/** The secrets; undefined where the table, a column or the row is missing. */
export async function readSecrets(
  client: Client,
  at: SecretColumn,
  { rotation, forUpdate = false }: { readonly rotation: RotationColumns | undefined; readonly forUpdate?: boolean },
): Promise<StoredSecrets | undefined> {
  const table = quoteName(at.schema, at.table);
  const wanted = [
    at.column,
    ...(rotation === undefined ? [] : [rotation.standby, rotation.previous, rotation.previousUntil]),
  ];
  const { rows: found } = await client.query<{ columns: string }>(
    "select count(*) as columns from pg_catalog.pg_attribute where attrelid = to_regclass($1) and attname = any ($2)",
    [table, wanted],
  );
  if (Number(found[0]?.columns) !== wanted.length) return undefined;
  const columns =
    rotation === undefined
      ? `null as standby, null as previous, null as "previousUntil", false as "previousAccepted"`
      : `${quoteIdent(rotation.standby)} as standby,
         ${quoteIdent(rotation.previous)} as previous,
         to_char(${quoteIdent(rotation.previousUntil)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "previousUntil",
         coalesce(${quoteIdent(rotation.previousUntil)} > clock_timestamp(), false) as "previousAccepted"`;
  const { rows } = await client.query<StoredSecrets>(
    `select ${quoteIdent(at.column)} as secret, ${columns} from ${table}${forUpdate ? " for update" : ""}`,
  );
  return rows[0];
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
