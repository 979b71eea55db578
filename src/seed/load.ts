import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { copyRows } from "../db/copy-rows.ts";
import { splitName } from "./check-data.ts";
import { checkedRows } from "./checked-rows.ts";
import { LoadProgress } from "./load-progress.ts";
import { type Aside, checkPutBack, type PutAside, putAside, putBack } from "./put-aside.ts";
import { continueCounters, findFilled, findRelations, type Relation } from "./relations.ts";
import type { SeedData, SeedTable } from "./seed.ts";
import { switchTriggersOff, switchTriggersOn } from "./triggers.ts";

export interface LoadInput {
  readonly data: SeedData;
  /** The seed's file, for messages. */
  readonly path: string;
  /** What to do where the tables hold rows already. */
  readonly filled: "refuse" | "add";
  /** Tables to empty before. */
  readonly truncate: readonly Relation[];
  /** Whether the indexes and foreign keys of empty tables may be made after the load. */
  readonly indexes: "after" | "keep";
  readonly onEvent: EventListener;
}

export interface Loaded {
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly ms: number }[];
  readonly putAside: { readonly indexes: number; readonly foreignKeys: number; readonly ms: number };
  readonly relations: readonly Relation[];
}

/**
 * Fills the tables, within the caller's transaction.
 * @throws TmDbError TABLES_NOT_EMPTY, SEED_INVALID, SEED_FAILED, PERMISSION_DENIED; what PostgreSQL says of the rows.
 */
export async function loadSeed(client: DatabaseClient, input: LoadInput): Promise<Loaded> {
  const { data, path } = input;
  const relations = await findRelations(client, data.tables, path);
  await lockTables(client, relations);
  if (input.truncate.length > 0) await truncate(client, input.truncate);
  const filled = await findFilled(client, relations);
  if (filled.length > 0 && input.filled === "refuse") throw notEmpty(filled, path);
  const empty = input.indexes === "keep" ? [] : relations.filter((relation) => !filled.includes(relation));
  const aside = empty.length === 0 ? NOTHING_ASIDE : await putAside(client, empty);
  const silent = new Set(data.tables.filter(({ triggers }) => triggers === "off").map(({ table }) => table));
  const off = await switchTriggersOff(
    client,
    relations.filter(({ schema, table }) => silent.has(`${schema}.${table}`)),
  );
  const tables = await copyTables(client, input);
  const started = performance.now();
  // What is deferred is checked now: tables with pending checks cannot be altered.
  await client.query("set constraints all immediate");
  await raiseMemory(client);
  await putBack(client, aside, ({ kind, name }) =>
    input.onEvent({ kind: "seed-rebuilding", object: `${kind} ${name}` }),
  );
  const rebuildMs = performance.now() - started;
  await switchTriggersOn(client, off);
  for (const relation of relations) await continueCounters(client, relation);
  if (aside.asides.length > 0) await checkPutBack(client, aside);
  const count = (kind: Aside["kind"]): number => aside.asides.filter((each) => each.kind === kind).length;
  return {
    tables,
    putAside: { indexes: count("index"), foreignKeys: count("foreign key"), ms: rebuildMs },
    relations,
  };
}

const NOTHING_ASIDE: PutAside = { asides: [], watched: [], before: [] };

/** Readers go on; writers wait, so that the numbers of the rows stay free and the tables empty. */
async function lockTables(client: DatabaseClient, relations: readonly Relation[]): Promise<void> {
  await client.query(`lock table ${relations.map(({ quoted }) => quoted).join(", ")} in share row exclusive mode`);
}

async function truncate(client: DatabaseClient, relations: readonly Relation[]): Promise<void> {
  await client.query(`truncate ${relations.map(({ quoted }) => quoted).join(", ")} restart identity`);
}

function notEmpty(filled: readonly Relation[], path: string): TmDbError {
  return new TmDbError("TABLES_NOT_EMPTY", `${path} fills tables that hold rows already; nothing was changed`, {
    problems: filled.map(({ schema, table }) => ({ message: `${schema}.${table} is not empty` })),
    hint: "load it beside them with --add, or empty these tables first with --truncate",
  });
}

/** Building an index sorts; PostgreSQL's default of 64 MB is meant for many at a time. */
async function raiseMemory(client: DatabaseClient): Promise<void> {
  await client.query(
    `select set_config('maintenance_work_mem', '256MB', true)
     where pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')`,
  );
}

async function copyTables(client: DatabaseClient, input: LoadInput): Promise<Loaded["tables"]> {
  const { tables } = input.data;
  const progress = new LoadProgress(tables, input.onEvent);
  const loaded: Loaded["tables"][number][] = [];
  for (const entry of tables) {
    const started = performance.now();
    const rows = await copyTable(client, entry, { path: input.path, progress });
    loaded.push({ name: entry.table, rows, ms: performance.now() - started });
  }
  return loaded;
}

async function copyTable(
  client: DatabaseClient,
  entry: SeedTable,
  { path, progress }: { readonly path: string; readonly progress: LoadProgress },
): Promise<number> {
  const [schema, table] = splitName(entry.table) ?? ["", entry.table];
  const into = `${quoteName(schema, table)} (${entry.columns.map(quoteIdent).join(", ")})`;
  const sent = await copyRows(client, into, checkedRows(entry, path), (rows) => progress.sent(entry.table, rows));
  progress.finished(entry.table, sent);
  return sent;
}
