import type { FactBase, StableId } from "@supabase/pg-delta";
import { plainName } from "../core/ignored.ts";
import { type Catalog, type CatalogDifference, compareCatalogs, type Other } from "./catalog.ts";
import { objectWords } from "./words.ts";

/** How two catalogs differ, without what the setting `ignore` leaves to others. */
export interface Comparison {
  /** What was expected, where ignored objects are as they are in the live database: neither a difference nor SQL. */
  readonly expected: Catalog;
  readonly differences: readonly CatalogDifference[];
  readonly ignored: {
    /** Differences that would be told without the setting. */
    readonly differences: readonly CatalogDifference[];
    /** Entries that name nothing in either catalog. */
    readonly unmatched: readonly string[];
  };
}

/** `compareCatalogs`, but of the objects that `ignore` names, and of all that belongs to them, nothing is told. */
export async function compareIgnoring(
  expected: Catalog,
  live: Catalog,
  ignore: readonly string[],
): Promise<Comparison> {
  const all = await compareCatalogs(expected, live);
  if (ignore.length === 0) return { expected, differences: all, ignored: { differences: [], unmatched: [] } };
  const { expected: rest, unmatched } = await withoutIgnored(expected, live, ignore);
  const differences = await compareCatalogs(rest, live);
  const told = new Set(differences.map(({ kind, object, detail }) => JSON.stringify([kind, object, detail])));
  const hidden = all.filter(({ kind, object, detail }) => !told.has(JSON.stringify([kind, object, detail])));
  return { expected: rest, differences, ignored: { differences: hidden, unmatched } };
}

type IsIgnored = (wholes: readonly string[]) => boolean;

/**
 * Expects of the objects that `ignore` names, and of all that belongs to them, whatever `live` has. Only triggers and
 * policies that `expected` has on an ignored table are expected all the same: the files put them there.
 */
async function withoutIgnored(
  expected: Catalog,
  live: Catalog,
  ignore: readonly string[],
): Promise<{ readonly expected: Catalog; readonly unmatched: readonly string[] }> {
  const entries = new Set(ignore);
  const matched = new Set<string>();
  const isIgnored: IsIgnored = (wholes) => {
    const found = wholes.map(plainName).filter((words) => entries.has(words));
    for (const words of found) matched.add(words);
    return found.length > 0;
  };
  const others = new Map<string, Other>();
  for (const object of new Set([...expected.others.keys(), ...live.others.keys()])) {
    const { wholes } = live.others.get(object) ?? expected.others.get(object) ?? { wholes: [] };
    const other = (isIgnored([...wholesOfOther(object), ...wholes]) ? live : expected).others.get(object);
    if (other !== undefined) others.set(object, other);
  }
  const facts = await mergeFacts(expected.facts, live.facts, isIgnored);
  return { expected: { facts, others }, unmatched: ignore.filter((entry) => !matched.has(entry)) };
}

async function mergeFacts(expected: FactBase, live: FactBase, isIgnored: IsIgnored): Promise<FactBase> {
  const { buildFactBase, encodeId } = await import("@supabase/pg-delta");
  const chosen = new Map<string, FactBase>();
  for (const { id } of expected.facts()) {
    // Asked of each fact, since the answer is remembered too.
    const ignored = isIgnored(wholesOf(id, expected));
    if (!ignored || isAttached(id)) chosen.set(encodeId(id), expected);
  }
  for (const { id } of live.facts()) {
    const key = encodeId(id);
    if (isIgnored(wholesOf(id, live)) && !(chosen.has(key) && isAttached(id))) chosen.set(key, live);
  }
  /** A part needs its whole: what the files made brings its own, and what they did not make is told with its whole. */
  const isWhole = (key: string): boolean => {
    const facts = chosen.get(key);
    const parent = facts?.getByEncoded(key)?.parent;
    if (facts === undefined || parent === undefined) return facts !== undefined;
    const parentKey = encodeId(parent);
    if (isWhole(parentKey)) return true;
    if (facts === expected) chosen.set(parentKey, expected);
    else chosen.delete(key);
    return facts === expected && isWhole(parentKey);
  };
  const kept = [...chosen.keys()].filter(isWhole);
  const facts = [...new Set([...kept, ...chosen.keys()])].flatMap((key) => chosen.get(key)?.getByEncoded(key) ?? []);
  const edges = facts.flatMap(({ id }) => chosen.get(encodeId(id))?.outgoingEdges(id) ?? []);
  return buildFactBase(facts, edges, expected.source);
}

/** Triggers and policies, and the comments on them. */
function isAttached(id: StableId): boolean {
  return "target" in id ? isAttached(id.target) : id.kind === "trigger" || id.kind === "policy";
}

/** An object and all that it belongs to, in words. */
function wholesOf(id: StableId, facts: FactBase): string[] {
  const fact = facts.get(id);
  const { schema, functionSchema } = (fact?.payload ?? {}) as Readonly<Record<string, unknown>>;
  const wholes: StableId[] = [
    ...(fact?.parent === undefined ? [] : [fact.parent]),
    ...("target" in id ? [id.target] : []),
    ...facts.outgoingEdges(id).flatMap(({ kind, to }) => (kind === "memberOfExtension" ? [to] : [])),
  ];
  const schemas = [
    "schema" in id ? id.schema : null,
    // Where an extension was installed, and where the function of an event trigger is.
    id.kind === "extension" ? schema : null,
    id.kind === "eventTrigger" ? functionSchema : null,
  ].filter((name) => typeof name === "string");
  return [
    objectWords(id),
    ...schemas.map((name) => objectWords({ kind: "schema", name })),
    ...rolesOf(id).map((name) => objectWords({ kind: "role", name })),
    ...wholes.flatMap((whole) => wholesOf(whole, facts)),
  ];
}

/** Whose privileges, defaults, memberships or mappings these are. */
function rolesOf(id: StableId): string[] {
  switch (id.kind) {
    case "acl":
      return [id.grantee];
    case "defaultPrivilege":
    case "userMapping":
      return [id.role];
    case "membership":
      return [id.role, id.member];
    default:
      return [];
  }
}

const NAME = String.raw`("(?:[^"]|"")+"|[^\s"]+)`;
const MEMBERSHIP = new RegExp(`^options of the membership of ${NAME} in ${NAME}$`);
const ROLE = new RegExp(`^limits and comment of role ${NAME}$`);

const PRIVILEGES = new RegExp(`^privileges of ${NAME} on `);

/** The same of what is known by its words alone: src/schema/others.sql and src/schema/parts.sql write them. */
function wholesOfOther(object: string): string[] {
  const roles = (MEMBERSHIP.exec(object) ?? ROLE.exec(object) ?? PRIVILEGES.exec(object))?.slice(1);
  if (roles !== undefined) return [object, ...roles.map((name) => `role ${name}`)];
  const setting = /^setting \S+ of role (.+?)(?: in this database)?$/s.exec(object);
  if (setting !== null) return [object, objectWords({ kind: "role", name: setting[1] ?? "" })];
  if (object.startsWith("setting ")) return [object];
  const defaults = /^default privileges of (.+?)(?: in schema (.+))? on [a-z ]+$/s.exec(object);
  if (defaults !== null) {
    const [, role = "", schema] = defaults;
    return [object, objectWords({ kind: "role", name: role }), ...(schema === undefined ? [] : [`schema ${schema}`])];
  }
  const schema = /("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)\./.exec(object)?.[1];
  return [object, ...(schema === undefined ? [] : [`schema ${schema}`])];
}
