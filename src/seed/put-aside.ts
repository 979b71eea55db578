import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { findFilled, findReferring, type Relation } from "./relations.ts";
import FACTS from "./put-aside-facts.sql";
import PUT_ASIDE from "./put-aside.sql";

/** An index or foreign key that is not there while rows are loaded. */
export interface Aside {
  readonly kind: "index" | "foreign key";
  readonly name: string;
  readonly dropIt: string;
  readonly makeIt: string;
  readonly commentIt: string | null;
}

/** What was put aside, and what the catalog said before. */
export interface PutAside {
  readonly asides: readonly Aside[];
  readonly watched: readonly number[];
  readonly before: readonly string[];
}

/**
 * Drops the indexes that belong to no constraint, and the foreign keys, of empty tables that are about to be filled:
 * made afterwards, they cost a fraction. Primary keys and unique constraints stay, since references need them.
 */
export async function putAside(client: DatabaseClient, relations: readonly Relation[]): Promise<PutAside> {
  const referring = await findReferring(client, relations);
  const mine = referring.filter(({ isMine }) => isMine);
  const filled = await findFilled(client, mine);
  const oids = relations.map(({ oid }) => oid);
  const unfilled = mine.filter((relation) => !filled.includes(relation)).map(({ oid }) => oid);
  const watched = [...oids, ...referring.map(({ oid }) => oid)];
  return await withNamesWritten(client, async () => {
    const before = await readFacts(client, watched);
    const { rows } = await client.query<Aside>(PUT_ASIDE, [oids, unfilled]);
    for (const { dropIt } of rows.toReversed()) await client.query(dropIt);
    return { asides: rows, watched, before };
  });
}

/**
 * Makes again what was put aside, in its order. `onEach` is told what comes next.
 * @throws what PostgreSQL says of rows that break a reference or a unique index.
 */
export async function putBack(
  client: DatabaseClient,
  { asides }: PutAside,
  onEach: (aside: Aside) => void,
): Promise<void> {
  // An index lay where the database puts its tables by default: only such were put aside.
  await client.query("select set_config('default_tablespace', '', true)");
  for (const aside of asides) {
    onEach(aside);
    await client.query(aside.makeIt);
    if (aside.commentIt !== null) await client.query(aside.commentIt);
  }
}

/** @throws TmDbError SEED_CHANGED_SCHEMA if the catalog does not say what it said before. */
export async function checkPutBack(client: DatabaseClient, { watched, before }: PutAside): Promise<void> {
  const after = await withNamesWritten(client, async () => await readFacts(client, watched));
  const lost = before.filter((fact) => !after.includes(fact));
  if (lost.length === 0 && after.length === before.length) return;
  throw new TmDbError(
    "SEED_CHANGED_SCHEMA",
    "an index or foreign key could not be made again as it was; nothing was changed",
    {
      detail: lost.join("\n"),
      hint: "leave them in place while loading: npx tm-db seed <name> --keep-indexes",
    },
  );
}

async function readFacts(client: DatabaseClient, oids: readonly number[]): Promise<string[]> {
  const { rows } = await client.query<{ fact: string }>(FACTS, [oids]);
  return rows.map(({ fact }) => fact);
}

/** With an empty search_path PostgreSQL qualifies every name in the definitions that it prints. */
async function withNamesWritten<T>(client: DatabaseClient, callback: () => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ path: string }>("select current_setting('search_path') as path");
  await client.query("select set_config('search_path', '', true)");
  const result = await callback();
  await client.query("select set_config('search_path', $1, true)", [rows[0]?.path ?? ""]);
  return result;
}
