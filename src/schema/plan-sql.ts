import type { Catalog, CatalogDifference } from "./catalog.ts";
import { withoutLedger } from "./without-ledger.ts";

/** SQL that brings one catalog to another, as far as @supabase/pg-delta can write it. */
export interface PlannedSql {
  /** Statements in an order that works. */
  readonly statements: readonly string[];
  /** What no statement is about, in words. */
  readonly leftOut: readonly string[];
}

/**
 * Plans the way from one catalog to another. Settings of roles are left out: their values may be secrets.
 * `differences` are those of `compareCatalogs(to, from)`.
 */
export async function planSql(
  from: Catalog,
  to: Catalog,
  differences: readonly CatalogDifference[],
): Promise<PlannedSql> {
  const others = differences.filter(({ object }) => from.others.has(object) || to.others.has(object));
  try {
    const statements = await planStatements(from, to);
    // Default privileges are seen by pg-delta too: a statement was written for them.
    const isWritten = (object: string): boolean =>
      object.startsWith("default privileges ") && statements.some((sql) => /^alter default privileges/i.test(sql));
    return { statements, leftOut: others.map(({ object }) => object).filter((object) => !isWritten(object)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { statements: [], leftOut: [`everything, since no order of statements was found: ${why}`] };
  }
}

/** The statements alone. @throws Error where pg-delta finds no way. */
export async function planStatements(from: Catalog, to: Catalog): Promise<string[]> {
  const { plan } = await import("@supabase/pg-delta");
  const { actions } = plan(await withoutLedger(from.facts), await withoutLedger(to.facts));
  const shown = actions.filter(({ sql }) => !SETTING.test(sql));
  return shown.map(({ sql, dataLoss }) => {
    const warning = dataLoss === "destructive" ? "-- loses rows or values:\n" : "";
    return `${warning}${sql.trimEnd().replace(/;$/, "")};`;
  });
}

const SETTING = /^alter (role|user|database) .* (set|reset) /i;
