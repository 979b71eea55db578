import type { Client } from "pg";
import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import { copyLine } from "./copy-rows.ts";
import { runScript, ScriptError } from "./run-script.ts";

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

/** What is there of table and row. */
export interface FoundSecrets {
  /** Whether the column of the secret is there. */
  readonly exists: boolean;
  /** Undefined without a row, and where the column of the secret is null or empty. */
  readonly stored: StoredSecrets | undefined;
  /** Whether the columns for an exchange are there as well. */
  readonly canRotate: boolean;
}

/** Reads the secrets; before the migration that brings the columns for an exchange, the one that signs. */
export async function readSecrets(
  client: Client,
  at: SecretColumn,
  { rotation, forUpdate = false }: { readonly rotation: RotationColumns | undefined; readonly forUpdate?: boolean },
): Promise<FoundSecrets> {
  const table = quoteName(at.schema, at.table);
  const { rows: found } = await client.query<{ column: string }>(
    "select attname as column from pg_catalog.pg_attribute where attrelid = to_regclass($1) and not attisdropped",
    [table],
  );
  const columns = new Set(found.map(({ column }) => column));
  if (!columns.has(at.column)) return { exists: false, stored: undefined, canRotate: false };
  const canRotate =
    rotation !== undefined &&
    [rotation.standby, rotation.previous, rotation.previousUntil].every((column) => columns.has(column));
  const others = canRotate
    ? `${quoteIdent(rotation.standby)} as standby,
       ${quoteIdent(rotation.previous)} as previous,
       to_char(${quoteIdent(rotation.previousUntil)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "previousUntil",
       coalesce(${quoteIdent(rotation.previousUntil)} > clock_timestamp(), false) as "previousAccepted"`
    : `null as standby, null as previous, null as "previousUntil", false as "previousAccepted"`;
  const { rows } = await client.query<Omit<StoredSecrets, "secret"> & { readonly secret: string | null }>(
    `select ${quoteIdent(at.column)} as secret, ${others} from ${table}${forUpdate ? " for update" : ""}`,
  );
  const [row] = rows;
  const secret = row === undefined ? null : nonEmpty(row.secret);
  if (row === undefined || secret === null) return { exists: true, stored: undefined, canRotate };
  const stored = { ...row, secret, standby: nonEmpty(row.standby), previous: nonEmpty(row.previous) };
  return { exists: true, stored, canRotate };
}

/** An empty text signs as little as none. */
function nonEmpty(text: string | null): string | null {
  return text === "" ? null : text;
}

/** Puts a secret where none is: into the row that is there, whatever else it holds, or into a new one. */
export async function fillSecret(client: Client, at: SecretColumn, secret: string): Promise<void> {
  const [table, column] = [quoteName(at.schema, at.table), quoteIdent(at.column)];
  await withHiddenValue(client, secret, (value) => [
    `update ${table} set ${column} = ${value} where ${column} is null or ${column}::text = ''`,
    `insert into ${table} (${column}) select ${value} where not exists (select from ${table})`,
  ]);
}

/** Puts a secret in the place of the one before it, whose tokens are void then. */
export async function writeSecret(client: Client, at: SecretColumn, secret: string): Promise<void> {
  const table = quoteName(at.schema, at.table);
  await withHiddenValue(client, secret, (value) => [
    `delete from ${table}`,
    `insert into ${table} (${quoteIdent(at.column)}) values (${value})`,
  ]);
}

/** Puts a secret beside the one that signs, to be accepted already and to sign later. */
export async function writeStandbySecret(
  client: Client,
  at: SecretColumn,
  { standby, secret }: { readonly standby: string; readonly secret: string },
): Promise<void> {
  await withHiddenValue(client, secret, (value) => [
    `update ${quoteName(at.schema, at.table)} set ${quoteIdent(standby)} = ${value}`,
  ]);
}

/** Lets the secret that waits sign, and keeps the one before it for so many seconds; with 0, not at all. */
export async function promoteStandbySecret(
  client: Client,
  at: SecretColumn,
  { rotation, graceSeconds }: { readonly rotation: RotationColumns; readonly graceSeconds: number },
): Promise<void> {
  const [secret, standby] = [quoteIdent(at.column), quoteIdent(rotation.standby)];
  const isKept = graceSeconds > 0;
  await client.query(
    silently([
      `update ${quoteName(at.schema, at.table)} set
       ${quoteIdent(rotation.previous)} = ${isKept ? secret : "null"},
       ${quoteIdent(rotation.previousUntil)} = ${isKept ? `clock_timestamp() + interval '${graceSeconds} seconds'` : "null"},
       ${secret} = ${standby},
       ${standby} = null`,
    ]),
  );
}

export async function removePreviousSecret(client: Client, at: SecretColumn, rotation: RotationColumns): Promise<void> {
  await client.query(
    silently([
      `update ${quoteName(at.schema, at.table)} set
       ${quoteIdent(rotation.previous)} = null,
       ${quoteIdent(rotation.previousUntil)} = null`,
    ]),
  );
}

/** Statements may use a value that is in none of them: it travels by COPY, into a table without conditions. */
async function withHiddenValue(
  client: Client,
  value: string,
  statements: (value: string) => readonly string[],
): Promise<void> {
  const script = [
    "create temporary table tm_db_secret (value text) on commit drop",
    "copy pg_temp.tm_db_secret (value) from stdin",
    silently(statements("(select s.value from pg_temp.tm_db_secret as s)")),
  ];
  try {
    await runScript(client, script.join(";\n"), Buffer.from(copyLine([value])));
  } catch (error) {
    throw error instanceof ScriptError ? error.cause : error;
  }
}

/**
 * A block that swallows PostgreSQL's own words: a row that fails a condition would be written to the log with the secrets
 * in it.
 */
function silently(statements: readonly string[]): string {
  return `do $$
    begin
      ${statements.map((statement) => `${statement};`).join("\n      ")}
    exception
      when others then
        raise exception 'the secret does not fit its column' using errcode = sqlstate;
    end
  $$`;
}

export async function roleExists(client: Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_catalog.pg_roles where rolname = $1", [role]);
  return rowCount === 1;
}

/** Sets a role's password from its SCRAM verifier: the password itself never leaves this process. */
export async function setRolePassword(client: Client, role: string, verifier: string): Promise<void> {
  await client.query(`alter role ${quoteIdent(role)} password ${quoteLiteral(verifier)}`);
}
