import pg from "pg";
import type { ConnectionSpec } from "../core/connection-spec.ts";

/** Opens a pool of one connection for libraries that want a pool, and closes it whatever happens. */
export async function withPool<T>(spec: ConnectionSpec, callback: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = spec;
  const pool = new pg.Pool({ host, port, user, password, database, max: 1, application_name: "tm-db" });
  // A connection that breaks while idle would otherwise end the process; the next query says it better.
  pool.on("error", () => {});
  try {
    return await callback(pool);
  } finally {
    await pool.end();
  }
}
