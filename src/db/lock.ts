import { setTimeout as sleep } from "node:timers/promises";
import type { Client, QueryResult } from "pg";
import type { EventListener } from "../core/event.ts";
import { LEAVE_LEDGER_SCHEMA } from "./search-path.ts";
import { setTimeoutsSql, type Timeouts } from "./timeouts.ts";
import { beginSql, inTransaction, type Undone } from "./transaction.ts";

/** The key that node-pg-migrate's own command line locks with (runner.ts, PG_MIGRATE_LOCK_ID), so that each holds the other off. */
const DEPLOY_LOCK = "7241865325823964";

const LOOK_EVERY_MS = 100;

export interface DeploymentTransaction {
  /** In a READ ONLY one nothing is locked. */
  readonly mode: "read write" | "read only";
  readonly timeouts: Partial<Timeouts>;
  /** Told once who holds the deployment lock, when it is not free. */
  readonly onEvent: EventListener;
}

/**
 * Runs a callback in a transaction that nobody else's deployment can overlap, as `withTransaction` does. The lock, the
 * time limits and the search path (see `leaveLedgerSchema`) are bound to the transaction and not to the session, so it
 * works through a pooler in transaction mode, and PostgreSQL lets go of them whatever happens to this process. The
 * callback gets the number of the server's process.
 */
export async function withDeployment<T>(
  client: Client,
  transaction: DeploymentTransaction,
  callback: (pid: number) => Promise<T | Undone<T>>,
): Promise<T> {
  let pid = 0;
  const begin = async (): Promise<void> => {
    pid = await beginDeployment(client, transaction);
  };
  return await inTransaction(client, begin, async () => await callback(pid));
}

async function beginDeployment(client: Client, { mode, timeouts, onEvent }: DeploymentTransaction): Promise<number> {
  for (let isTold = false; ; isTold = true) {
    const { locked, pid } = await tryBegin(client, mode, timeouts);
    if (locked) return pid;
    if (!isTold) onEvent({ kind: "waiting-for-lock", holder: await describeHolder(client) });
    // Whoever waits inside a transaction is waited for in turn, by a `create index concurrently` of who holds the lock.
    await client.query("rollback");
    await sleep(LOOK_EVERY_MS);
  }
}

/** One message: each answer that is waited for costs more than what is asked. */
async function tryBegin(
  client: Client,
  mode: DeploymentTransaction["mode"],
  timeouts: Partial<Timeouts>,
): Promise<{ readonly locked: boolean; readonly pid: number }> {
  const locked = mode === "read only" ? "true" : `pg_catalog.pg_try_advisory_xact_lock(${DEPLOY_LOCK})`;
  const statements = [
    beginSql(mode),
    `select ${locked} as locked, pg_catalog.pg_backend_pid() as pid`,
    setTimeoutsSql(timeouts),
    LEAVE_LEDGER_SCHEMA,
  ];
  // pg's types know no answer to several statements.
  const answers = (await client.query(statements.join(";\n"))) as unknown as QueryResult<{
    locked: boolean;
    pid: number;
  }>[];
  return answers[1]?.rows[0] ?? { locked: false, pid: 0 };
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
