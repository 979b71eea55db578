import type { StableId } from "@supabase/pg-delta";
import { plainName } from "../core/ignored.ts";
import type { Catalog } from "./catalog.ts";
import { objectWords } from "./words.ts";

/** A catalog as it would be without a table, the sequence of its `id`, and its schema if nothing else is in it. */
export async function withoutTable(
  catalog: Catalog,
  table: { readonly schema: string; readonly name: string },
): Promise<Catalog> {
  const { buildFactBase } = await import("@supabase/pg-delta");
  const { facts } = catalog;
  const isOfTable = (id: StableId): boolean => {
    if ("target" in id) return isOfTable(id.target);
    if (!("schema" in id) || id.schema !== table.schema) return false;
    if ("table" in id) return id.table === table.name;
    if (id.kind === "table") return id.name === table.name;
    if (id.kind === "sequence") return id.name === `${table.name}_id_seq`;
    return id.kind === "index" && facts.get(id)?.parent !== undefined && isOfTable(facts.get(id)?.parent ?? id);
  };
  const others = facts.facts().filter(({ id }) => !isOfTable(id));
  const isEmpty = !others.some(({ id }) => "schema" in id && id.schema === table.schema);
  const isOfSchema = (id: StableId): boolean =>
    "target" in id ? isOfSchema(id.target) : id.kind === "schema" && id.name === table.schema;
  const kept = isEmpty && table.schema !== "public" ? others.filter(({ id }) => !isOfSchema(id)) : others;
  const has = new Set(kept.map(({ id }) => id));
  const isKept = (id: StableId): boolean => {
    const fact = facts.get(id);
    return fact === undefined || has.has(fact.id);
  };
  const edges = facts.edges.filter(({ from, to }) => isKept(from) && isKept(to));
  const words = objectWords({ kind: "table", ...table });
  const known = [...catalog.others].filter(([, { wholes }]) => !wholes.map(plainName).includes(words));
  return { facts: buildFactBase(kept, [...edges], facts.source), others: new Map(known) };
}
