import type { FactBase, StableId } from "@supabase/pg-delta";

/** A catalog's facts without the schema of the ledger, and all that is in it. */
export async function withoutLedger(facts: FactBase): Promise<FactBase> {
  const { buildFactBase } = await import("@supabase/pg-delta");
  const kept = facts.facts().filter(({ id }) => !isOfLedger(id));
  const edges = facts.edges.filter(({ from, to }) => !isOfLedger(from) && !isOfLedger(to));
  return buildFactBase(kept, [...edges], facts.source);
}

/** Whether an object is the ledger's schema, in it, or about either. */
export function isOfLedger(id: StableId): boolean {
  if ("target" in id) return isOfLedger(id.target);
  if (id.kind === "schema") return id.name === LEDGER;
  return "schema" in id && id.schema === LEDGER;
}

const LEDGER = "tm_db";
