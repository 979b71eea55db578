import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import type { MigrationEntry, UnfinishedMigration } from "./ledger-state.ts";

/** Made by the first migration that needs it. At most one row: while it is there, nothing else is deployed. */
const CREATE_UNFINISHED = `
create table if not exists tm_db.unfinished (
  name text primary key,
  entry json not null,
  statements_done integer not null default 0,
  started_at timestamptz not null default now(),
  started_by text not null default session_user
)`;

/** Writes down that a migration is about to run outside of a transaction; to be committed before it does. */
export async function markUnfinished(client: DatabaseClient, entry: MigrationEntry): Promise<void> {
  await client.query(CREATE_UNFINISHED);
  await client.query("insert into tm_db.unfinished (name, entry) values ($1, $2)", [entry.name, JSON.stringify(entry)]);
}

/** Writes down that one more of its statements has run. */
export async function countStatement(client: DatabaseClient, name: string): Promise<void> {
  // As whoever logged in: the migration may have set a role.
  await client.query(`begin; set local session authorization default;
    select pg_catalog.set_config('role', s.reset_val, true) from pg_catalog.pg_settings as s where s.name operator(pg_catalog.=) 'role'`);
  await client.query("update tm_db.unfinished set statements_done = statements_done + 1 where name = $1", [name]);
  await client.query("commit");
}

/** It has ended, one way or the other. */
export async function clearUnfinished(client: DatabaseClient, name: string): Promise<void> {
  await client.query("delete from tm_db.unfinished where name = $1", [name]);
}

/** The migration that began and of which no end was recorded. The table must be there. */
export async function readUnfinished(client: DatabaseClient): Promise<UnfinishedMigration | undefined> {
  const { rows } = await client.query<UnfinishedMigration>(
    `select
       entry,
       statements_done as "statementsDone",
       to_char(started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "startedAt",
       started_by as "startedBy"
     from tm_db.unfinished`,
  );
  return rows[0];
}

/** @throws TmDbError MIGRATION_UNFINISHED where a migration began and did not end: what of it is there, nobody knows. */
export function refuseUnfinished(unfinished: UnfinishedMigration | undefined): void {
  if (unfinished === undefined) return;
  const { entry, statementsDone, startedAt, startedBy } = unfinished;
  throw new TmDbError("MIGRATION_UNFINISHED", `${entry.path} began outside of a transaction and did not end`, {
    detail: `started at ${startedAt} by ${startedBy}; ${statementsDone} of its statements ended, and one more may have`,
    hint: resolveHint(entry.name),
  });
}

/** How somebody settles it who has looked at the database. */
export function resolveHint(name: string): string {
  return [
    "look at what it left, and then say which it is:",
    `npx tm-db resolve ${name} --applied       all of it is there, or you did the rest by hand`,
    `npx tm-db resolve ${name} --rolled-back   nothing of it is there; the next migrate runs it again`,
  ].join("\n");
}
