import { type LockMode, lockModeOf } from "../core/lock-modes.ts";
import type { DatabaseClient } from "../db/client.ts";
import WATCH from "./watch.sql";

/** What one statement, or one group of them, did to tables and views that were there before the deployment. */
export interface Effects {
  readonly ms: number;
  /** Locks that were not held before; not `access-share`, which only `access-exclusive` has to wait for. */
  readonly locks: readonly { readonly table: string; readonly mode: LockMode }[];
  /** Tables that were written anew as a whole. */
  readonly rewrites: readonly string[];
  /** Tables that were read as a whole, to check a constraint for example. */
  readonly scans: readonly string[];
  /** Indexes that were built, with their tables. */
  readonly indexes: readonly { readonly name: string; readonly table: string }[];
}

interface Snapshot {
  readonly locks: readonly { readonly table: number; readonly mode: string }[];
  readonly tables: readonly { readonly table: number; readonly node: number | null; readonly scans: number }[];
  readonly indexes: readonly { readonly table: number; readonly name: string; readonly node: number }[];
}

const EXISTING = `
select c.oid::bigint as id, format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm', 'v', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
  and n.nspname not like 'pg\\_toast%'`;

/** Looks, between statements of an open transaction, at what they did. */
export class Watch {
  readonly #client: DatabaseClient;
  readonly #names: ReadonlyMap<number, string>;
  #last: Snapshot;

  private constructor(client: DatabaseClient, names: ReadonlyMap<number, string>, last: Snapshot) {
    this.#client = client;
    this.#names = names;
    this.#last = last;
  }

  /** Begins: the tables and views of this moment are those that are watched. */
  static async begin(client: DatabaseClient): Promise<Watch> {
    const { rows } = await client.query<{ id: string; name: string }>(EXISTING);
    const names = new Map(rows.map(({ id, name }) => [Number(id), name]));
    return new Watch(client, names, await look(client, names));
  }

  async watch(work: () => Promise<void>): Promise<Effects> {
    const started = performance.now();
    await work();
    const ms = performance.now() - started;
    const before = this.#last;
    const after = await look(this.#client, this.#names);
    this.#last = after;
    return { ms, ...this.#compare(before, after) };
  }

  #compare(before: Snapshot, after: Snapshot): Omit<Effects, "ms"> {
    const held = new Set(before.locks.map(({ table, mode }) => `${table} ${mode}`));
    const tables = new Map(before.tables.map((entry) => [entry.table, entry]));
    const nodes = new Map(before.indexes.map(({ name, node }) => [name, node]));
    const rewritten = after.tables.filter(({ table, node }) => (tables.get(table)?.node ?? null) !== node);
    const built = after.indexes.filter(({ name, node }) => nodes.get(name) !== node);
    const isBusy = new Set([...rewritten, ...built].map(({ table }) => table));
    return {
      locks: after.locks.flatMap(({ table, mode }) => {
        const known = lockModeOf(mode);
        if (known === undefined || known === "access-share" || held.has(`${table} ${mode}`)) return [];
        return [{ table: this.#name(table), mode: known }];
      }),
      rewrites: rewritten.map(({ table }) => this.#name(table)),
      scans: after.tables
        .filter(({ table, scans }) => scans > (tables.get(table)?.scans ?? 0) && !isBusy.has(table))
        .map(({ table }) => this.#name(table)),
      indexes: built.map(({ name, table }) => ({ name, table: this.#name(table) })),
    };
  }

  #name(table: number): string {
    return this.#names.get(table) ?? String(table);
  }
}

async function look(client: DatabaseClient, names: ReadonlyMap<number, string>): Promise<Snapshot> {
  const { rows } = await client.query<Snapshot>(WATCH, [[...names.keys()]]);
  return rows[0] ?? { locks: [], tables: [], indexes: [] };
}
