import { randomBytes } from "node:crypto";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { type DatabaseClient, withClient } from "./client.ts";
import { dropDatabase } from "./drop-database.ts";
import { isPermissionDenied } from "./run-script.ts";
import { ownSqlError } from "./sql-error.ts";

/** A database that a scratch one takes the place of, and another one of its server to make it from. */
export interface ScratchTarget {
  readonly connection: ConnectionSpec;
  readonly maintenance: ConnectionSpec;
}

const PREFIX = "tm_db_scratch_";
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Makes an empty database beside another on its server, hands its connection to `callback`, and drops it whatever happens.
 * Names without a schema mean there what they mean in the other one. What a killed run of an hour ago or more left is dropped too.
 * @throws TmDbError PERMISSION_DENIED where the role has no CREATEDB.
 */
export async function withScratchDatabase<T>(
  { connection, maintenance }: ScratchTarget,
  options: { readonly signal?: AbortSignal | undefined },
  callback: (scratch: ConnectionSpec) => Promise<T>,
): Promise<T> {
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString("hex")}`;
  const searchPath = await withClient(maintenance, options, async (client) => {
    try {
      await client.query(`create database ${quoteIdent(name)} template template0`);
    } catch (error) {
      if (!isPermissionDenied(error)) throw ownSqlError(error);
      throw new TmDbError("PERMISSION_DENIED", `no scratch database can be made: ${error.message}`, {
        hint: `let the role make databases: alter role ${maintenance.user} createdb   (or use the embedded server)`,
        cause: error,
      });
    }
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_catalog.pg_database where datname like $1 and datdba = pg_catalog.quote_ident(current_user)::regrole",
      [`${PREFIX.replaceAll("_", "\\_")}%`],
    );
    for (const { name: other } of rows) if (isAbandoned(other)) await dropDatabase(client, other);
    return await readSearchPath(client, connection.database);
  });
  try {
    return await callback({ ...maintenance, database: name, searchPath });
  } finally {
    // Without the signal: an interrupted run cleans up behind itself too.
    await withClient(maintenance, {}, async (client) => await dropDatabase(client, name));
  }
}

/** What `alter database … set search_path` made of it for this role; undefined where that says nothing, or is not what counts. */
async function readSearchPath(client: DatabaseClient, database: string): Promise<string | undefined> {
  const { rows } = await client.query<{ path: string; isOfDatabase: boolean }>(
    `select substr(c.setting, length('search_path=') + 1) as path, s.setdatabase <> 0 as "isOfDatabase"
     from pg_catalog.pg_db_role_setting as s
     cross join lateral unnest(s.setconfig) as c (setting)
     left join pg_catalog.pg_database as d on d.oid = s.setdatabase
     where c.setting like 'search_path=%'
       and s.setrole in (0, quote_ident(current_user)::regrole)
       and (d.datname = $1 or s.setdatabase = 0)
     -- Of the role in the database; of the role; of the database.
     order by s.setrole <> 0 desc, s.setdatabase <> 0 desc
     limit 1`,
    [database],
  );
  return rows[0]?.isOfDatabase === true ? rows[0].path : undefined;
}

function isAbandoned(name: string): boolean {
  return Date.now() - Number(name.slice(PREFIX.length).split("_")[0]) > ABANDONED_AFTER_MS;
}
