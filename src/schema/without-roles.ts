import type { StableId } from "@supabase/pg-delta";
import { plainName } from "../core/ignored.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import type { Catalog } from "./catalog.ts";

/**
 * A catalog without roles that are there for a build only, `aside`, and without the memberships of `self`, the role that deploys: it may give itself any role that it has made, and for `tm-db test` it does.
 */
export async function withoutRoles(
  { facts, others }: Catalog,
  { aside, self }: { readonly aside: ReadonlySet<string>; readonly self: string },
): Promise<Catalog> {
  const { buildFactBase } = await import("@supabase/pg-delta");
  const isLeftOut = (id: StableId): boolean => {
    if ("target" in id) return isLeftOut(id.target);
    if (id.kind === "role") return aside.has(id.name);
    return id.kind === "membership" && (id.member === self || [id.role, id.member].some((name) => aside.has(name)));
  };
  const kept = facts.facts().filter(({ id }) => !isLeftOut(id));
  const edges = facts.edges.filter(({ from, to }) => !isLeftOut(from) && !isLeftOut(to));
  // As src/schema/others.sql words them.
  const names = [...aside];
  const ownMembership = plainName(`options of the membership of ${quoteIdent(self)} in`);
  const known = [...others].filter(
    ([object]) =>
      !names.some((name) => object.includes(` ${name}`)) && !plainName(object).startsWith(`${ownMembership} `),
  );
  return { facts: buildFactBase(kept, [...edges], facts.source), others: new Map(known) };
}
