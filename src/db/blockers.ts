import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { type DatabaseClient, withClient } from "./client.ts";

/** A look-out for what keeps a session waiting. */
export interface BlockerWatch {
  /** Who was last seen holding a lock that the session waits for. */
  readonly last: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/**
 * Looks from a connection of its own, every `intervalMs`, who keeps the server process `pid` waiting, and says each
 * once. Work that ends within the first interval costs no connection. A look-out that fails must not disturb the work:
 * it ends silently.
 */
export function watchBlockers(
  spec: ConnectionSpec,
  watched: { readonly pid: number; readonly intervalMs: number; readonly onBlocked: (holder: string) => void },
): BlockerWatch {
  const stopping = new AbortController();
  let last: string | undefined;
  const look = async (client: DatabaseClient): Promise<void> => {
    for (;;) {
      const holder = await findBlocker(client, watched.pid);
      if (holder !== undefined && holder.session !== last) {
        last = holder.session;
        watched.onBlocked(`${holder.session}, ${holder.state}`);
      }
      await sleep(watched.intervalMs, undefined, { signal: stopping.signal, ref: false });
    }
  };
  let looking: Promise<void> | undefined;
  const timer = setTimeout(() => {
    looking = withClient(spec, { applicationName: "tm-db look-out" }, look).catch(() => {});
  }, watched.intervalMs);
  timer.unref();
  return {
    last: () => last,
    stop: async () => {
      clearTimeout(timer);
      stopping.abort();
      await looking;
    },
  };
}

async function findBlocker(
  client: DatabaseClient,
  pid: number,
): Promise<{ readonly session: string; readonly state: string } | undefined> {
  const { rows } = await client.query<{ session: string; state: string }>(
    `select
       format(
         '%s (process %s, user %s, from %s)',
         coalesce(nullif(a.application_name, ''), 'a session'),
         a.pid,
         a.usename,
         coalesce(a.client_addr::text, 'this machine')
       ) as session,
       format(
         '%s, in its transaction for %s s',
         coalesce(a.state, 'busy'),
         round(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.backend_start)))
       ) as state
     from pg_catalog.pg_stat_activity as a
     where a.pid = any (pg_catalog.pg_blocking_pids($1))
     order by a.xact_start
     limit 1`,
    [pid],
  );
  return rows[0];
}
