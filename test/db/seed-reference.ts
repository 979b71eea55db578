import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { seed, type SeedOptions } from "../../src/app/seed.ts";
import type { SeedResult } from "../../src/core/command-result.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { cloneDatabase } from "../support/reference-database.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

/** A copy of the reference database without rows, on the test's server. */
export async function cloneReference(): Promise<ConnectionSpec> {
  const server = inject("server");
  const name = `seeded_${randomBytes(6).toString("hex")}`;
  await cloneDatabase(server, name);
  return { ...server.owner, database: name };
}

/** Loads one of this repository's seeds. */
export async function seedReference(
  spec: ConnectionSpec,
  name: string,
  options: Partial<SeedOptions> = {},
): Promise<SeedResult> {
  return await seed({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl(spec),
    env: {},
    onEvent: () => {},
    confirm: () => Promise.resolve(true),
    name,
    ...options,
  });
}

export async function withConnection<T>(spec: ConnectionSpec, callback: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = spec;
  const client = new pg.Client({ host, port, user, password, database, options: "-c timezone=UTC" });
  await client.connect();
  try {
    return await callback(client);
  } finally {
    await client.end();
  }
}

/** For each table with data of the reference database: how many rows, and the MD5 of all of them as text. */
export async function checksums(spec: ConnectionSpec): Promise<Record<string, string>> {
  return await withConnection(spec, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name
       from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       where c.relkind in ('r', 'm') and n.nspname in ('api', 'auth', 'stats') and c.relname not in ('secrets', 'settings')
       order by 1`,
    );
    const found: Record<string, string> = {};
    for (const { name } of tables) {
      const { rows } = await client.query<{ sum: string }>(
        `select count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' order by t::text collate "C")), '') as sum
         from ${name} as t`,
      );
      found[name] = rows[0]?.sum ?? "";
    }
    return found;
  });
}
