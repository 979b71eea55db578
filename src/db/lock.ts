import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { begin } from "./transaction.ts";

/** The key that node-pg-migrate's own command line locks with (runner.ts, PG_MIGRATE_LOCK_ID), so that each holds the other off. */
const DEPLOY_LOCK = "7241865325823964";

const LOOK_EVERY_MS = 100;

/**
 * Takes the deployment lock for the rest of the transaction, of which this must be the beginning. It is bound to the
 * transaction and not to the session, so it works through a pooler in transaction mode, and PostgreSQL releases it
 * whatever happens to this process. `onWait` is told who holds it, once, when it is not free.
 */
export async function lockDeployments(client: Client, onWait: (holder: string) => void): Promise<void> {
  if (await tryLock(client)) return;
  onWait(await describeHolder(client));
  do {
    // Whoever waits inside a transaction is waited for in turn, by a `create index concurrently` of who holds the lock.
    await client.query("rollback");
    await sleep(LOOK_EVERY_MS);
    await begin(client, "read write");
  } while (!(await tryLock(client)));
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_xact_lock(${DEPLOY_LOCK}) as locked`,
  );
  return rows[0]?.locked === true;
}

async function describeHolder(client: Client): Promise<string> {
  const { rows } = await client.query<{ holder: string }>(
    `select
       format(
         '%s (process %s, user %s, from %s, for %s s)',
         coalesce(nullif(a.application_name, ''), 'a session'),
         a.pid,
         a.usename,
         coalesce(a.client_addr::text, 'this machine'),
         round(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.backend_start)))
       ) as holder
     from pg_catalog.pg_locks as l
     join pg_catalog.pg_stat_activity as a on a.pid = l.pid
     where l.locktype = 'advisory'
       and l.granted
       and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
       and (l.classid::bigint << 32 | l.objid::bigint) = ${DEPLOY_LOCK}`,
  );
  return rows[0]?.holder ?? "another deployment that is just ending";
}
