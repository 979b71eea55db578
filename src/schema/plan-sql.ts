import type { FactBase } from "@supabase/pg-delta";
import { plainName } from "../core/ignored.ts";
import type { Catalog, CatalogDifference, Other } from "./catalog.ts";
import { withoutLedger } from "./without-ledger.ts";
import { objectWords } from "./words.ts";

/** SQL that brings one catalog to another, as far as it can be written. */
export interface PlannedSql {
  /** Statements in an order that works. */
  readonly statements: readonly string[];
  /** What no statement is about, in words. */
  readonly leftOut: readonly string[];
}

/**
 * Plans the way from one catalog to another: @supabase/pg-delta's statements, and those of what it leaves out. Settings of
 * roles are left out: their values may be secrets. `differences` are those of `compareCatalogs(to, from)`.
 */
export async function planSql(
  from: Catalog,
  to: Catalog,
  differences: readonly CatalogDifference[],
): Promise<PlannedSql> {
  const others = differences.filter(({ object }) => from.others.has(object) || to.others.has(object));
  try {
    const { statements, remade } = await planFacts(from.facts, to.facts);
    const unmade = others.flatMap(({ object }) =>
      to.others.has(object) ? [] : (from.others.get(object)?.unmake ?? []),
    );
    const differ = new Set(others.map(({ object }) => object));
    const made = madeAgain(to, (object, other) => differ.has(object) || isPartOf(other, remade));
    // Default privileges are seen by pg-delta too: a statement was written for them.
    const isWritten = (object: string): boolean =>
      object.startsWith("default privileges ") && statements.some((sql) => /^alter default privileges/i.test(sql));
    const isKnown = (object: string): boolean => {
      const other = to.others.get(object);
      return (other === undefined ? from.others.get(object)?.unmake : other.make) != null;
    };
    return {
      // What an inherited column has of its own goes first: its parent's may be about to change.
      statements: [...unmade, ...statements, ...made],
      leftOut: others.map(({ object }) => object).filter((object) => !isKnown(object) && !isWritten(object)),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { statements: [], leftOut: [`everything, since no order of statements was found: ${why}`] };
  }
}

/**
 * The statements that make the relations of a catalog in a database that has nothing yet, with what inherited columns have of
 * their own. @throws Error where pg-delta finds no way.
 */
export async function planCopy(from: Catalog, to: Catalog): Promise<string[]> {
  const { statements } = await planFacts(from.facts, to.facts);
  // Not comments and privileges: the index of a partition may have another name in the copy.
  const made = madeAgain(to, (object) => !from.others.has(object)).filter((sql) => sql.startsWith("alter "));
  return [...statements, ...made];
}

function madeAgain({ others }: Catalog, isWanted: (object: string, other: Other) => boolean): string[] {
  return [...others].flatMap(([object, other]) => (isWanted(object, other) ? (other.make ?? []) : []));
}

function isPartOf({ wholes }: Other, objects: ReadonlySet<string>): boolean {
  return wholes.some((whole) => objects.has(plainName(whole)));
}

/** What pg-delta plans, and the objects that are dropped and made again on the way. */
async function planFacts(
  from: FactBase,
  to: FactBase,
): Promise<{ readonly statements: string[]; readonly remade: ReadonlySet<string> }> {
  const { plan } = await import("@supabase/pg-delta");
  const { actions } = plan(await withoutLedger(from), await withoutLedger(to));
  const words = (ids: (typeof actions)[number]["produces"]): string[] => ids.map((id) => plainName(objectWords(id)));
  const dropped = new Set(actions.flatMap(({ destroys }) => words(destroys)));
  const remade = new Set(actions.flatMap(({ produces }) => words(produces)).filter((object) => dropped.has(object)));
  const shown = actions.filter(({ sql }) => !SETTING.test(sql));
  const statements = shown.map(({ sql, dataLoss }) => {
    const warning = dataLoss === "destructive" ? "-- loses rows or values:\n" : "";
    return `${warning}${sql.trimEnd().replace(/;$/, "")};`;
  });
  return { statements, remade };
}

const SETTING = /^alter (role|user|database) .* (set|reset) /i;
