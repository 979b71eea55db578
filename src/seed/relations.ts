import { type Problem, TmDbError } from "../core/errors.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { invalid, splitName } from "./check-data.ts";
import type { SeedTable } from "./seed.ts";

/** A table of the database. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** Quoted and qualified, for statements. */
  readonly quoted: string;
  /** Whether the connection may alter it, as its owner or a member of that role. */
  readonly isMine: boolean;
}

interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly owner: string;
  readonly isMine: boolean;
  readonly isTable: boolean;
  /** Whether row level security binds the connection too: then it may look empty and not be. */
  readonly isBound: boolean;
  readonly columns: readonly string[];
  readonly generated: readonly string[];
}

/**
 * The tables that a seed fills, each once, in its order.
 * @throws TmDbError SEED_INVALID where a table or column is not there, PERMISSION_DENIED where one belongs to another
 * role; each with all problems.
 */
export async function findRelations(
  client: DatabaseClient,
  tables: readonly SeedTable[],
  path: string,
): Promise<Relation[]> {
  const rows = await readRelations(
    client,
    tables.map(({ table }) => table),
  );
  const problems = tables.flatMap((entry) => relationProblems(entry, rows.get(entry.table)));
  const isDeployed = rows.size > 0;
  if (problems.length > 0) throw invalid(path, problems, isDeployed ? undefined : "deploy first: npx tm-db migrate");
  const foreign = [...rows.values()].filter(({ isMine }) => !isMine);
  if (foreign.length > 0) {
    throw new TmDbError("PERMISSION_DENIED", "only the owner of the tables can fill them by a seed", {
      problems: foreign.map((row) => ({ message: `${row.schema}.${row.table} belongs to ${row.owner}` })),
      hint: `connect as ${[...new Set(foreign.map(({ owner }) => owner))].join(" or ")}`,
    });
  }
  return [...rows.values()].map(toRelation);
}

function toRelation({ oid, schema, table, isMine }: Omit<Relation, "quoted">): Relation {
  return { oid, schema, table, isMine, quoted: quoteName(schema, table) };
}

function relationProblems({ table, columns }: SeedTable, row: RelationRow | undefined): Problem[] {
  if (row === undefined) return [{ message: `there is no table ${table} in the database` }];
  if (!row.isTable) return [{ message: `${table} is not a table` }];
  if (row.isBound) return [{ message: `${table} forces row level security on its owner, so COPY cannot fill it` }];
  return columns.flatMap((column) => {
    if (row.generated.includes(column)) return [{ message: `${table}.${column} is generated, and cannot be given` }];
    return row.columns.includes(column) ? [] : [{ message: `${table} has no column ${column}` }];
  });
}

async function readRelations(client: DatabaseClient, names: readonly string[]): Promise<Map<string, RelationRow>> {
  const { rows } = await client.query<RelationRow & { readonly name: string }>(
    `select
       w.name,
       c.oid::bigint::float8 as oid,
       n.nspname as schema,
       c.relname as table,
       pg_catalog.pg_get_userbyid(c.relowner) as owner,
       pg_catalog.pg_has_role(c.relowner, 'usage') as "isMine",
       c.relkind in ('r', 'p') as "isTable",
       c.relrowsecurity and c.relforcerowsecurity and not (u.rolsuper or u.rolbypassrls) as "isBound",
       coalesce(array_agg(a.attname::text) filter (where a.attgenerated = ''), '{}') as columns,
       coalesce(array_agg(a.attname::text) filter (where a.attgenerated <> ''), '{}') as generated
     from unnest($1::text[]) with ordinality as w (name, place)
     join pg_catalog.pg_namespace as n on n.nspname = split_part(w.name, '.', 1)
     join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = split_part(w.name, '.', 2)
     join pg_catalog.pg_roles as u on u.rolname = current_user
     left join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     group by w.name, w.place, c.oid, n.nspname, c.relname, c.relowner, c.relkind, "isBound"
     order by min(w.place)`,
    [[...new Set(names)]],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** Those of the tables that hold a row. */
export async function findFilled(client: DatabaseClient, relations: readonly Relation[]): Promise<Relation[]> {
  if (relations.length === 0) return [];
  const queries = relations.map(({ quoted }, index) => `select ${index} as at where exists (select from ${quoted})`);
  const { rows } = await client.query<{ at: number }>(`${queries.join("\nunion all\n")}\norder by at`);
  return rows.flatMap(({ at }) => relations[at] ?? []);
}

/** The tables that refer to the given ones, directly or not, besides these: emptying the ones empties the others. */
export async function findReferring(client: DatabaseClient, relations: readonly Relation[]): Promise<Relation[]> {
  const { rows } = await client.query<Omit<Relation, "quoted">>(
    `with recursive reached as (
       select unnest($1::bigint[]::oid[]) as oid
       union
       select f.conrelid
       from reached as r
       join pg_catalog.pg_constraint as f on f.confrelid = r.oid and f.contype = 'f'
     )
     select
       c.oid::bigint::float8 as oid,
       n.nspname as schema,
       c.relname as table,
       pg_catalog.pg_has_role(c.relowner, 'usage') as "isMine"
     from reached as r
     join pg_catalog.pg_class as c on c.oid = r.oid
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.oid <> all ($1::bigint[]::oid[])
     order by n.nspname, c.relname`,
    [relations.map(({ oid }) => oid)],
  );
  return rows.map(toRelation);
}

/** Those of the tables that are no partition of another one: the rows of a partition are those of its table. */
export async function withoutPartitions(
  client: DatabaseClient,
  relations: readonly Relation[],
  { of }: { readonly of: readonly Relation[] },
): Promise<Relation[]> {
  const { rows } = await client.query<{ oid: number }>(
    `select p.oid::bigint::float8 as oid
     from unnest($1::bigint[]::oid[]) as p (oid)
     where exists (
       select
       from pg_catalog.pg_partition_ancestors(p.oid) as a (relid)
       where a.relid <> p.oid and a.relid = any ($2::bigint[]::oid[])
     )`,
    [relations.map(({ oid }) => oid), of.map(({ oid }) => oid)],
  );
  const partitions = new Set(rows.map(({ oid }) => oid));
  return relations.filter(({ oid }) => !partitions.has(oid));
}

/** A number that a table counts up by itself. */
interface Counter {
  readonly column: string;
  /** The sequence, quoted. */
  readonly sequence: string;
  readonly step: number;
}

async function findCounters(client: DatabaseClient, quoted: string): Promise<Counter[]> {
  const { rows } = await client.query<Counter>(
    `select
       a.attname as column,
       format('%I.%I', n.nspname, s.relname) as sequence,
       q.seqincrement::float8 as step
     from pg_catalog.pg_depend as d
     join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
     join pg_catalog.pg_namespace as n on n.oid = s.relnamespace
     join pg_catalog.pg_sequence as q on q.seqrelid = s.oid
     join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_catalog.pg_class'::regclass
       and d.refclassid = 'pg_catalog.pg_class'::regclass
       and d.refobjid = $1::text::regclass
       and d.deptype in ('a', 'i')
     order by a.attnum`,
    [quoted],
  );
  return rows;
}

/**
 * The number after the largest one of a table's identity or serial column. Writers of that table wait from now on.
 * @throws TmDbError SEED_INVALID where there is no such table, or no such column in it.
 */
export async function lockFirstId(client: DatabaseClient, table: string, path: string): Promise<number> {
  const [schema, name] = splitName(table) ?? [];
  const found = schema === undefined || name === undefined ? undefined : await readRelations(client, [table]);
  if (schema === undefined || name === undefined || found?.get(table)?.isTable !== true)
    throw invalid(path, [{ message: `firstId("${table}"): there is no table of that name` }]);
  const quoted = quoteName(schema, name);
  const [counter] = await findCounters(client, quoted);
  if (counter === undefined)
    throw invalid(path, [{ message: `firstId("${table}"): the table has no identity or serial column` }]);
  await client.query(`lock table ${quoted} in share row exclusive mode`);
  return (await readLargest(client, quoted, counter)) + 1;
}

async function readLargest(client: DatabaseClient, quoted: string, { column }: Counter): Promise<number> {
  const { rows } = await client.query<{ largest: string | null }>(
    `select max(${quoteIdent(column)})::text as largest from ${quoted}`,
  );
  return Number(rows[0]?.largest ?? 0);
}

/**
 * Lets a table go on counting after the largest number that was put into it; never backwards. Unlike `setval`, this is
 * undone with the transaction.
 */
export async function continueCounters(client: DatabaseClient, relation: Relation): Promise<void> {
  for (const counter of await findCounters(client, relation.quoted)) {
    if (counter.step < 0) continue;
    const largest = await readLargest(client, relation.quoted, counter);
    const { rows } = await client.query<{ next: string }>(
      `select (case when is_called then last_value + 1 else last_value end)::text as next from ${counter.sequence}`,
    );
    if (largest >= Number(rows[0]?.next ?? 1))
      await client.query(`alter sequence ${counter.sequence} restart with ${largest + 1}`);
  }
}
