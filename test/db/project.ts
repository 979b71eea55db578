import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { migrate, type MigrateOptions } from "../../src/app/migrate.ts";
import { rollback, type RollbackOptions } from "../../src/app/rollback.ts";
import { resolve } from "../../src/app/resolve.ts";
import { status } from "../../src/app/status.ts";
import type { MigrateResult, ResolveResult, RollbackResult, StatusResult } from "../../src/core/command-result.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import type { TmDbEvent } from "../../src/core/event.ts";
import { withClient } from "../../src/db/client.ts";
import { dropDatabase } from "../../src/db/drop-database.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { type Catalog, readCatalog } from "../../src/schema/catalog.ts";

/** A project folder of its own and an empty database of its own, for one test. */
export interface EngineProject {
  readonly dir: string;
  readonly spec: ConnectionSpec;
  readonly events: TmDbEvent[];
  /** Writes files; null removes one. */
  write(files: Readonly<Record<string, string | null>>): void;
  migrate(options?: Partial<MigrateOptions>): Promise<MigrateResult>;
  rollback(to?: RollbackOptions["to"], options?: Partial<RollbackOptions>): Promise<RollbackResult>;
  status(): Promise<StatusResult>;
  resolve(migration: string, as: ResolveResult["as"]): Promise<ResolveResult>;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  catalog(): Promise<Catalog>;
  /** The catalog that the files build from nothing. */
  freshCatalog(): Promise<Catalog>;
}

let counter = 0;

/** Makes a project; everything of it goes when the test ends. */
export async function engineProject(files: Readonly<Record<string, string>> = {}): Promise<EngineProject> {
  const dir = mkdtempSync(join(tmpdir(), "tm-db-engine-"));
  mkdirSync(join(dir, "migrations"));
  const spec = await createDatabase();
  onTestFinished(async () => {
    rmSync(dir, { recursive: true, force: true });
    await dropProjectDatabase(spec.database);
  });
  const events: TmDbEvent[] = [];
  const common = { projectDir: dir, env: {}, onEvent: (event: TmDbEvent) => void events.push(event) };
  const databaseUrl = connectionUrl(spec);
  const project: EngineProject = {
    dir,
    spec,
    events,
    write: (changes) => writeFiles(dir, changes),
    migrate: async (options = {}) => await migrate({ ...common, databaseUrl, ...options }),
    rollback: async (to = { kind: "last-deployment" }, options = {}) =>
      await rollback({ ...common, databaseUrl, to, confirm: () => Promise.resolve(true), ...options }),
    status: async () => await status({ ...common, databaseUrl }),
    resolve: async (migration, as) => await resolve({ ...common, databaseUrl, migration, as }),
    query: async (sql, values = []) => await queryRows(spec, sql, values),
    catalog: async () => await readCatalog(spec),
    freshCatalog: async () => {
      const fresh = await createDatabase();
      try {
        await migrate({ ...common, databaseUrl: connectionUrl(fresh), onEvent: () => {} });
        return await readCatalog(fresh);
      } finally {
        await dropProjectDatabase(fresh.database);
      }
    },
  };
  project.write(files);
  return project;
}

function writeFiles(dir: string, files: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(dir, path);
    if (text === null) rmSync(target);
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
}

async function createDatabase(): Promise<ConnectionSpec> {
  const { owner } = inject("server");
  counter += 1;
  const database = `engine_${process.pid}_${counter}`;
  await queryRows(
    { ...owner, database: "postgres" },
    `create database ${quoteIdent(database)} template template0 strategy wal_log`,
  );
  return { ...owner, database };
}

async function dropProjectDatabase(name: string): Promise<void> {
  const { owner } = inject("server");
  await withClient({ ...owner, database: "postgres" }, {}, async (client) => await dropDatabase(client, name));
}

export function clientConfig({ spec }: Pick<EngineProject, "spec">): pg.ClientConfig {
  const { host, port, user, password, database } = spec;
  return { host, port, user, password, database };
}

export async function queryRows<Row extends pg.QueryResultRow>(
  spec: ConnectionSpec,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(clientConfig({ spec }));
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
