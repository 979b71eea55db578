import { randomBytes } from "node:crypto";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { withClient } from "./client.ts";
import { dropDatabase } from "./drop-database.ts";
import { isPermissionDenied } from "./run-script.ts";

const PREFIX = "tm_db_scratch_";
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Makes an empty database beside others on a server, hands its connection to `callback`, and drops it whatever happens.
 * `maintenance` is a database of that server to do it from. What a killed run of an hour ago or more left is dropped too.
 * @throws TmDbError PERMISSION_DENIED where the role has no CREATEDB.
 */
export async function withScratchDatabase<T>(
  maintenance: ConnectionSpec,
  options: { readonly signal?: AbortSignal | undefined },
  callback: (scratch: ConnectionSpec) => Promise<T>,
): Promise<T> {
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString("hex")}`;
  await withClient(maintenance, options, async (client) => {
    try {
      await client.query(`create database ${quoteIdent(name)} template template0`);
    } catch (error) {
      if (!isPermissionDenied(error)) throw error;
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
  });
  try {
    return await callback({ ...maintenance, database: name });
  } finally {
    // Without the signal: an interrupted run cleans up behind itself too.
    await withClient(maintenance, {}, async (client) => await dropDatabase(client, name));
  }
}

function isAbandoned(name: string): boolean {
  return Date.now() - Number(name.slice(PREFIX.length).split("_")[0]) > ABANDONED_AFTER_MS;
}
