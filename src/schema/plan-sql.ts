import { TmDbError } from "../core/errors.ts";
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
  const { plan } = await import("@supabase/pg-delta");
  const others = differences.filter(({ object }) => from.others.has(object) || to.others.has(object));
  const leftOut = others.map(({ object }) => object);
  try {
    const { actions } = plan(await withoutLedger(from.facts), await withoutLedger(to.facts));
    const shown = actions.filter(({ sql }) => !SETTING.test(sql));
    // A default privilege is a fact of both kinds: a statement was written for it.
    const isWritten = (object: string): boolean =>
      object.startsWith("default privileges ") && shown.some(({ sql }) => /^alter default privileges/i.test(sql));
    return {
      statements: shown.map(({ sql }) => `${sql.trimEnd().replace(/;$/, "")};`),
      leftOut: leftOut.filter((object) => !isWritten(object)),
    };
  } catch (error) {
    if (error instanceof TmDbError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { statements: [], leftOut: [`everything: no order of statements was found (${why})`] };
  }
}

const SETTING = /^alter (role|user|database) .* (set|reset) /i;
