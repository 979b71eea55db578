import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import type { ApiCatalog, ForeignKey, Relation } from "./catalog.ts";

/**
 * What makes a row somebody's, as the foreign keys tell it. A column that refers to the people, directly or through
 * others, means a person; a table whose key is a person and something else is a membership, and what that something
 * refers to is what people share.
 */
export interface Kinship {
  /** The column that tells people apart. */
  readonly people: ColumnRef;
  /** By `columnKey`: columns that hold a person. */
  readonly persons: ReadonlySet<string>;
  readonly memberships: readonly Membership[];
}

export interface ColumnRef {
  readonly oid: string;
  readonly number: number;
}

/** A table of who belongs to what. */
export interface Membership {
  readonly table: string;
  readonly person: number;
  readonly group: number;
  /** The table of what they belong to. */
  readonly of: string;
  /** By `columnKey`: columns that hold such a thing, also those of other tables. */
  readonly groups: ReadonlySet<string>;
}

export const columnKey = (oid: string, number: number): string => `${oid}.${number}`;

/** `only`: the memberships' tables, where the project names them. */
export function findKinship(catalog: ApiCatalog, people: ColumnRef, only: readonly string[] | undefined): Kinship {
  const persons = referringTo(references(catalog), [people]);
  const found = [...catalog.relations.values()].flatMap((relation) => membershipsOf(catalog, relation, persons));
  const memberships =
    only === undefined ? outermost(catalog.foreignKeys, found) : found.filter(({ table }) => only.includes(table));
  return { people, persons, memberships };
}

const references = ({ foreignKeys, lineage }: ApiCatalog): readonly ForeignKey[] => [...foreignKeys, ...lineage];

/** Columns that a foreign key, or a chain of them, leads from to one of the given ones; those themselves as well. */
function referringTo(foreignKeys: readonly ForeignKey[], targets: readonly ColumnRef[]): ReadonlySet<string> {
  const found = new Set(targets.map(({ oid, number }) => columnKey(oid, number)));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { from, fromColumns, to, toColumns } of foreignKeys) {
      fromColumns.forEach((number, index) => {
        if (found.has(columnKey(to, toColumns[index] ?? 0))) found.add(columnKey(from, number));
      });
    }
  }
  return found;
}

/** A key of two columns, one of them a person, the other a reference to something else. */
function membershipsOf(catalog: ApiCatalog, relation: Relation, persons: ReadonlySet<string>): Membership[] {
  for (const key of relation.keys.filter(({ length }) => length === 2)) {
    const person = key.find((number) => persons.has(columnKey(relation.oid, number)));
    const group = key.find((number) => !persons.has(columnKey(relation.oid, number)));
    if (person === undefined || group === undefined) continue;
    const root = rootOf(catalog.foreignKeys, { oid: relation.oid, number: group });
    if (root.oid === relation.oid) continue;
    const groups = referringTo(references(catalog), [root]);
    return [{ table: relation.oid, person, group, of: root.oid, groups }];
  }
  return [];
}

/** Where a chain of foreign keys that begins with this column ends. */
function rootOf(foreignKeys: readonly ForeignKey[], column: ColumnRef): ColumnRef {
  const seen = new Set<string>();
  let current = column;
  for (;;) {
    seen.add(columnKey(current.oid, current.number));
    const next = foreignKeys
      .filter(({ from, fromColumns }) => from === current.oid && fromColumns.includes(current.number))
      .map(({ fromColumns, to, toColumns }) => ({
        oid: to,
        number: toColumns[fromColumns.indexOf(current.number)] ?? 0,
      }))
      .find(({ oid, number }) => !seen.has(columnKey(oid, number)));
    if (next === undefined) return current;
    current = next;
  }
}

/** Who watches a task belongs to its project: of things that lie in one another only the outer ones count. */
function outermost(foreignKeys: readonly ForeignKey[], memberships: readonly Membership[]): Membership[] {
  const things = new Set(memberships.map(({ of }) => of));
  return memberships.filter(({ of }) => !reachable(foreignKeys, of).some((table) => table !== of && things.has(table)));
}

function reachable(foreignKeys: readonly ForeignKey[], table: string): string[] {
  const found = [table];
  for (const current of found) {
    for (const { from, to } of foreignKeys) if (from === current && !found.includes(to)) found.push(to);
  }
  return found;
}

/** How rows of a table are told apart, as SQL over its alias `t`; person and groups are the persona's. */
export interface RowRule {
  /** Names of columns that hold a person. */
  readonly persons: readonly string[];
  /** Texts `<n>:<value>` that say what a row belongs to, one expression for each membership. */
  readonly groups: readonly GroupRule[];
  /** People of whom a row is, where it belongs to nothing that is shared: an array of text. */
  readonly kind: "grouped" | "personal" | "none";
}

export interface GroupRule {
  readonly sql: string;
  /** The column that tells it, or that leads to where it is told. */
  readonly column: string;
  /** Each row is such a thing itself, so that a new row is a new thing. */
  readonly isThing: boolean;
}

/** What a table's columns say of its rows. */
export function rowRule(catalog: ApiCatalog, kinship: Kinship, relation: Relation): RowRule {
  const persons = personColumns(kinship, relation);
  const groups = kinship.memberships.flatMap((membership, index) => {
    const path = groupPath(catalog, membership, relation, []);
    const isThing = relation.oid === membership.of;
    return path === undefined ? [] : [{ sql: `'${index}:' || ${path.sql}`, column: path.column, isThing }];
  });
  return { persons, groups, kind: groups.length > 0 ? "grouped" : persons.length > 0 ? "personal" : "none" };
}

export function personColumns({ persons }: Kinship, { oid, columns }: Relation): string[] {
  return columns.filter(({ number }) => persons.has(columnKey(oid, number))).map(({ name }) => name);
}

/** The text of what a row of `alias` belongs to: by a column of its own, or of the nearest table that it refers to. */
function groupPath(
  catalog: ApiCatalog,
  membership: Membership,
  relation: Relation,
  passed: readonly string[],
): { readonly sql: string; readonly column: string; readonly steps: number } | undefined {
  const alias = `t${passed.length === 0 ? "" : passed.length}`;
  const own = relation.columns.find(({ number }) => membership.groups.has(columnKey(relation.oid, number)));
  if (own !== undefined) return { sql: `${alias}.${quoteIdent(own.name)}::text`, column: own.name, steps: 0 };
  const seen = [...passed, relation.oid];
  if (seen.length > 5) return undefined;
  const paths = catalog.foreignKeys
    .filter(({ from, to }) => from === relation.oid && !seen.includes(to))
    .flatMap((key) => {
      const target = catalog.relations.get(key.to);
      const rest = target === undefined ? undefined : groupPath(catalog, membership, target, seen);
      if (target === undefined || rest === undefined) return [];
      const inner = `t${seen.length}`;
      const name = ({ columns }: Relation, number: number | undefined): string =>
        columns.find((column) => column.number === number)?.name ?? "";
      const pairs = key.fromColumns.map((number, index) => ({
        here: name(relation, number),
        there: name(target, key.toColumns[index]),
      }));
      const joined = pairs.map(({ here, there }) => `${inner}.${quoteIdent(there)} = ${alias}.${quoteIdent(here)}`);
      const sql = `(select ${rest.sql} from ${quoteName(target.schema, target.name)} as ${inner} where ${joined.join(" and ")})`;
      return [{ sql, column: pairs.map(({ here }) => here).join(", "), steps: rest.steps + 1 }];
    });
  return paths.toSorted((a, b) => a.steps - b.steps || (a.column < b.column ? -1 : 1))[0];
}

/** The class of a row of `t` for the persona `p` of `tm_db_personas`, as an SQL expression. */
export function classSql(catalog: ApiCatalog, kinship: Kinship | undefined, relation: Relation): string {
  if (kinship === undefined) return "'all'";
  const rule = rowRule(catalog, kinship, relation);
  if (rule.kind === "none") return "'all'";
  const own = rule.persons.map((name) => `t.${quoteIdent(name)}::text`);
  const shared =
    rule.kind === "grouped"
      ? `array[${rule.groups.map(({ sql }) => sql).join(", ")}] && p.groups`
      : sharesSql(catalog, kinship, own);
  const cases = [
    ...(own.length === 0 ? [] : [`when p.person in (${own.join(", ")}) then 'own'`]),
    ...(shared === undefined ? [] : [`when ${shared} then 'shared'`]),
  ];
  return `case ${cases.join(" ")} else 'other' end`;
}

/** Whether one of these people belongs to something that the persona belongs to. */
function sharesSql(catalog: ApiCatalog, kinship: Kinship, people: readonly string[]): string | undefined {
  const conditions = kinship.memberships.flatMap(({ table, person, group }, index) => {
    const relation = catalog.relations.get(table);
    const name = (number: number): string =>
      quoteIdent(relation?.columns.find((column) => column.number === number)?.name ?? "");
    if (relation === undefined) return [];
    return [
      `exists (select from ${quoteName(relation.schema, relation.name)} as m where m.${name(person)}::text in (${people.join(", ")}) and '${index}:' || m.${name(group)}::text = any (p.groups))`,
    ];
  });
  return conditions.length === 0 ? undefined : `(${conditions.join(" or ")})`;
}

/** The texts of all that a person belongs to: by memberships, and by what is theirs itself. `person` is an SQL text. */
export function groupsSql(catalog: ApiCatalog, kinship: Kinship, person: string): string {
  const parts = kinship.memberships.flatMap((membership, index) => {
    const table = catalog.relations.get(membership.table);
    const thing = catalog.relations.get(membership.of);
    if (table === undefined || thing === undefined) return [];
    const name = ({ columns }: Relation, number: number): string =>
      quoteIdent(columns.find((column) => column.number === number)?.name ?? "");
    const key = thing.columns.find(({ number }) => membership.groups.has(columnKey(thing.oid, number)));
    const owners = personColumns(kinship, thing).map((column) => `t.${quoteIdent(column)}::text`);
    return [
      `select '${index}:' || m.${name(table, membership.group)}::text from ${quoteName(table.schema, table.name)} as m where m.${name(table, membership.person)}::text = ${person}`,
      ...(key === undefined || owners.length === 0
        ? []
        : [
            `select '${index}:' || t.${quoteIdent(key.name)}::text from ${quoteName(thing.schema, thing.name)} as t where ${person} in (${owners.join(", ")})`,
          ]),
    ];
  });
  return parts.length === 0 ? "'{}'::text[]" : `array(${parts.join(" union ")})`;
}

/** A claim, and where among the people its values stand. */
export interface PeopleCandidate {
  readonly claim: string;
  readonly oid: string;
  readonly number: number;
}

/**
 * Of the columns that hold everybody's claim, the one that the others lead to: users, and not the projects that happen to
 * have the same numbers. Undefined if that does not leave one.
 */
export function choosePeople(catalog: ApiCatalog, found: readonly PeopleCandidate[]): PeopleCandidate | undefined {
  const referred = found.filter(({ oid, number }) =>
    catalog.foreignKeys.some(({ to, toColumns }) => to === oid && toColumns.includes(number)),
  );
  const tables = new Set(referred.map(({ oid }) => oid));
  const roots = referred.filter(
    ({ oid }) => !reachable(catalog.foreignKeys, oid).some((table) => table !== oid && tables.has(table)),
  );
  return roots.length === 1 ? roots[0] : undefined;
}

/** A query for those columns that hold the claims of all personas who have it. Columns: claim, oid, number. */
export function candidatesSql(catalog: ApiCatalog, claims: ReadonlyMap<string, readonly string[]>): string | undefined {
  const parts = [...claims].flatMap(([claim, values]) =>
    [...catalog.relations.values()].flatMap((relation) =>
      relation.keys
        .filter(({ length }) => length === 1)
        .flatMap(([number]) => {
          const column = relation.columns.find((each) => each.number === number);
          if (column === undefined) return [];
          return [
            `select ${quoteLiteral(claim)} as claim, '${relation.oid}' as oid, ${column.number} as number where ${values.length} = (select count(*) from ${quoteName(relation.schema, relation.name)} as t where t.${quoteIdent(column.name)}::text in (${values.map(quoteLiteral).join(", ")}))`,
          ];
        }),
    ),
  );
  return parts.length === 0 ? undefined : parts.join(" union all ");
}
