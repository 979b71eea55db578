import type { Delta, FactBase, StableId } from "@supabase/pg-delta";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { plainName } from "../core/ignored.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { poolWithin } from "../db/pool.ts";
import { withTransaction } from "../db/transaction.ts";
import { detailWords, isOwnSetting } from "./detail.ts";
import OTHERS from "./others.sql";
import PARTS from "./parts.sql";
import { withoutLedger } from "./without-ledger.ts";
import { objectWords } from "./words.ts";

/** Everything that the catalog of a database says of its objects, without object ids and order. */
export interface Catalog {
  readonly facts: FactBase;
  /**
   * What pg-delta leaves out, by what it is about: settings of roles and databases, default privileges for all schemas,
   * extended statistics, column storage, text search, operators, casts and other rare kinds; limits and options of roles,
   * what is said of the database itself; and parts of relations, such as privileges on the columns of a view.
   */
  readonly others: ReadonlyMap<string, Other>;
}

/** What pg-delta leaves out about one thing. */
export interface Other {
  readonly value: string;
  /** What it goes with, in words: its column, its table, its schema. */
  readonly wholes: readonly string[];
  /** Statements that bring it about, whatever is there instead; null where none are known. */
  readonly make: readonly string[] | null;
  /** Statements that take it away. */
  readonly unmake: readonly string[] | null;
}

/** What is known by its words alone, and has no statements. */
export function otherInWords(value: string): Other {
  return { value, wholes: [], make: null, unmake: null };
}

/** A difference between two catalogs, in words. */
export interface CatalogDifference {
  readonly kind: "missing" | "extra" | "different";
  /** Which object, for example `policy select_member on api.tasks`. */
  readonly object: string;
  /** For `different`: which property, and both its values; several lines for long ones. */
  readonly detail: string;
}

/** Reads a database's catalog in one READ ONLY snapshot: what @supabase/pg-delta sees, and what it leaves out. */
export async function readCatalog(
  spec: ConnectionSpec,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Catalog> {
  return await withClient(spec, options, async (client) => {
    return await withTransaction(client, "snapshot", async () => {
      return await readCatalogWithin(client);
    });
  });
}

/** The same in the transaction that is open on `client`, with what it has not committed. */
export async function readCatalogWithin(client: DatabaseClient): Promise<Catalog> {
  const { extract } = await import("@supabase/pg-delta");
  const { factBase } = await extract(poolWithin(client));
  await client.query("savepoint tm_db_catalog; set local search_path to pg_catalog");
  const { rows: others } = await client.query<{ object: string; value: string }>(OTHERS);
  const { rows: parts } = await client.query<Other & { object: string }>(PARTS);
  await client.query("rollback to savepoint tm_db_catalog; release savepoint tm_db_catalog");
  const known = new Map(others.map(({ object, value }) => [object, otherInWords(value)]));
  for (const { object, ...part } of parts) known.set(object, part);
  return { facts: factBase, others: known };
}

/**
 * A catalog without what it says of the database itself: its privileges, comment and connection limit. Whoever made the
 * database may have set them, and a scratch database is made by somebody else.
 */
export function withoutDatabaseItself({ facts, others }: Catalog): Catalog {
  return { facts, others: new Map([...others].filter(([object]) => !object.endsWith(" the database itself"))) };
}

/**
 * What `actual` has too little, too much, or otherwise than `expected`. Of an object that is missing or too much, its
 * parts are not told. tm-db's own ledger is left out.
 */
export async function compareCatalogs(expected: Catalog, actual: Catalog): Promise<CatalogDifference[]> {
  const { diff, encodeId } = await import("@supabase/pg-delta");
  const deltas = diff(await withoutLedger(expected.facts), await withoutLedger(actual.facts));
  const gone = new Set(deltas.flatMap((delta) => (delta.verb === "remove" ? [encodeId(delta.fact.id)] : [])));
  const found = new Set(deltas.flatMap((delta) => (delta.verb === "add" ? [encodeId(delta.fact.id)] : [])));
  const isPart = (id: StableId, side: FactBase, set: ReadonlySet<string>): boolean =>
    wholesOf(id, side).some((whole) => set.has(encodeId(whole)));
  const differences = deltas.flatMap((delta): CatalogDifference[] => {
    switch (delta.verb) {
      case "add":
        return isPart(delta.fact.id, actual.facts, found) ? [] : [difference("extra", delta.fact.id)];
      case "remove":
        return isPart(delta.fact.id, expected.facts, gone) ? [] : [difference("missing", delta.fact.id)];
      case "set":
        // A role's settings are told one by one below.
        if (delta.id.kind === "role" && delta.attr === "config") return [];
        return [difference("different", delta.id, detailWords(delta.attr, delta.from, delta.to))];
      // Dependencies follow from definitions, which are compared as texts; owners are told below.
      case "link":
      case "unlink":
        return [];
      default:
        return delta satisfies never;
    }
  });
  const told = (kind: CatalogDifference["kind"]): Set<string> =>
    new Set(differences.flatMap((known) => (known.kind === kind ? [plainName(known.object)] : [])));
  const wholesTold = { missing: told("missing"), extra: told("extra"), different: new Set<string>() };
  const others = compareOthers(expected.others, actual.others).filter(({ kind, object }) => {
    const { wholes } = actual.others.get(object) ?? expected.others.get(object) ?? { wholes: [] };
    return (
      !wholes.some((whole) => wholesTold[kind].has(plainName(whole))) &&
      !differences.some((known) => known.kind === kind && isOf(object, known.object))
    );
  });
  return [...differences, ...compareOwners(deltas, encodeId), ...others].toSorted((a, b) =>
    a.object < b.object ? -1 : a.object > b.object ? 1 : 0,
  );
}

function difference(kind: CatalogDifference["kind"], id: StableId, detail = ""): CatalogDifference {
  return { kind, object: objectWords(id), detail };
}

/** What an object is a part of: the table of a column, the extension of a function. */
function wholesOf(id: StableId, facts: FactBase): StableId[] {
  const extensions = facts.outgoingEdges(id).filter(({ kind }) => kind === "memberOfExtension");
  const parent = facts.get(id)?.parent;
  return [...(parent === undefined ? [] : [parent]), ...extensions.map(({ to }) => to)];
}

/** Whether words such as `options of the membership of a in b` are about a part of this object. */
function isOf(part: string, object: string): boolean {
  return part.endsWith(` of ${object}`) || part.endsWith(` of the ${object}`);
}

/** Owners that changed; those of objects that came or went are told with the objects. */
function compareOwners(deltas: readonly Delta[], encodeId: (id: StableId) => string): CatalogDifference[] {
  const before = new Map<string, StableId>();
  for (const delta of deltas)
    if (delta.verb === "unlink" && delta.edge.kind === "owner") before.set(encodeId(delta.edge.from), delta.edge.to);
  return deltas.flatMap((delta): CatalogDifference[] => {
    if (delta.verb !== "link" || delta.edge.kind !== "owner") return [];
    const owner = before.get(encodeId(delta.edge.from));
    if (owner === undefined) return [];
    return [difference("different", delta.edge.from, `owner: ${objectWords(owner)} → ${objectWords(delta.edge.to)}`)];
  });
}

function compareOthers(expected: ReadonlyMap<string, Other>, actual: ReadonlyMap<string, Other>): CatalogDifference[] {
  const words = (object: string, value: string): string => {
    const setting = /^setting (\S+) of /.exec(object)?.[1];
    return setting !== undefined && isOwnSetting(setting) ? "(not shown)" : value;
  };
  return [...new Set([...expected.keys(), ...actual.keys()])].flatMap((object): CatalogDifference[] => {
    const [before, after] = [expected.get(object)?.value, actual.get(object)?.value];
    if (before === after) return [];
    if (before === undefined) return [{ kind: "extra", object, detail: "" }];
    if (after === undefined) return [{ kind: "missing", object, detail: "" }];
    return [{ kind: "different", object, detail: `${words(object, before)} → ${words(object, after)}` }];
  });
}
