import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import { refuseShadow, SHADOW } from "../db/shadows.ts";
import type { AppliedMigration, AppliedRepeatable, LedgerState, MigrationEntry } from "./ledger-state.ts";
import { readUnfinished } from "./unfinished.ts";

/** A deployment or rollback of the past. */
export interface DeploymentSummary {
  readonly id: string;
  readonly kind: "migrate" | "rollback" | "adopt";
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly deployedBy: string;
  /** Id of the rollback that took it back. */
  readonly rolledBackBy: string | null;
}

/** A ledger as far as it is there. */
export interface LedgerFound extends LedgerState {
  /** Where something of it is there, its tables that are not: then it says nothing, and `exists` is false. */
  readonly lost: readonly string[];
}

/**
 * Reads the state of the ledger; works in a READ ONLY transaction, and where there is no ledger.
 * @throws TmDbError LEDGER_DAMAGED where some of its tables are not there; what `findLedger` throws.
 */
export async function readLedger(client: DatabaseClient): Promise<LedgerState> {
  const ledger = await findLedger(client);
  if (ledger.lost.length === 0) return ledger;
  const tables = ledger.lost.map((table) => `tm_db.${table}`).join(", ");
  throw new TmDbError("LEDGER_DAMAGED", `the ledger of this database is damaged: there is no ${tables}`, {
    hint: "restore it from a backup; or, with the files that the database holds, write it anew: npx tm-db adopt",
  });
}

/**
 * The same, whatever is lost of it.
 * @throws TmDbError PERMISSION_DENIED where part of it is not a table of the schema's owner: reading a view, or writing to
 * a table with triggers, runs what whoever made it wrote, with the rights of this connection. Also where a function or
 * operator of somebody else could be called in the place of PostgreSQL's own.
 */
export async function findLedger(client: DatabaseClient): Promise<LedgerFound> {
  const { rows } = await client.query<LedgerTables>(
    `select
       array(
         select t.name
         from pg_catalog.unnest('{migrations,deployments,files,changes}'::text[]) as t (name)
         where to_regclass(pg_catalog.concat('tm_db.', t.name)) is null
       ) as missing,
       to_regclass('tm_db.unfinished') is not null as unfinished,
       (select pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace as n where n.nspname = 'tm_db') as owner,
       (
         select pg_catalog.concat('tm_db.', c.relname, ' of the role ', pg_catalog.pg_get_userbyid(c.relowner))
         from pg_catalog.pg_class as c
         join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = 'tm_db'
           and c.relname = any ('{migrations,deployments,files,changes,unfinished}')
           and (c.relowner <> n.nspowner or c.relkind <> 'r')
         limit 1
       ) as stranger,
       (${SHADOW}) as shadow,
       current_user as me`,
  );
  const [found] = rows;
  refuseShadow(found?.shadow ?? null);
  refuseStranger(found?.stranger ?? null);
  const deployer = found === undefined || found.owner === found.me ? undefined : (found.owner ?? undefined);
  const missing = found?.missing ?? [];
  if (found === undefined || missing.length > 0) {
    // node-pg-migrate may have been told to keep its own table there.
    const isNone = OWN_TABLES.every((table) => missing.includes(table));
    return {
      exists: false,
      lost: isNone ? [] : missing,
      migrations: [],
      repeatables: [],
      deployer,
      unfinished: undefined,
    };
  }
  const state = await client.query<{ migrations: MigrationRow[]; repeatables: AppliedRepeatable[] }>(READ_STATE);
  const { migrations = [], repeatables = [] } = state.rows[0] ?? {};
  return {
    exists: true,
    lost: [],
    migrations: migrations.map(([name, path, checksum]) => ({ name, path, checksum })),
    repeatables,
    deployer,
    unfinished: found.unfinished ? await readUnfinished(client) : undefined,
  };
}

/** What nobody but tm-db makes. */
const OWN_TABLES = ["deployments", "files", "changes"];

/** Which of the ledger's tables are there, and whose they are. */
interface LedgerTables {
  readonly missing: readonly string[];
  readonly unfinished: boolean;
  readonly owner: string | null;
  /** What bears the name of one of its tables and is none of the owner's. */
  readonly stranger: string | null;
  /** See db/shadows.ts. */
  readonly shadow: string | null;
  readonly me: string;
}

function refuseStranger(stranger: string | null): void {
  if (stranger === null) return;
  throw new TmDbError(
    "PERMISSION_DENIED",
    `the ledger is not the work of one role: ${stranger} is no table of its owner`,
    {
      hint: "find out who made it and why, and drop it; then restore the ledger from a backup, or adopt the database anew",
    },
  );
}

/** Lists, since the keys of a thousand objects take as long as what they hold. */
type MigrationRow = readonly [
  name: AppliedMigration["name"],
  path: AppliedMigration["path"],
  checksum: AppliedMigration["checksum"],
];

const READ_STATE = `
select
  coalesce(
    (
      select json_agg(json_build_array(m.name, coalesce(f.path, m.name), f.checksum) order by m.id)
      from tm_db.migrations as m
      left join tm_db.files as f on f.migration = m.name
    ),
    '[]'
  ) as migrations,
  coalesce(
    (
      select json_agg(o)
      from (
        select f.path, f.folder, f.checksum, f.content as text, f.made
        from tm_db.files as f
        where f.folder <> 'migrations'
        order by f.path
      ) as o
    ),
    '[]'
  ) as repeatables`;

const SELECT_DEPLOYMENTS = `
select
  id,
  kind,
  started_at as "startedAt",
  duration_ms as "durationMs",
  deployed_by as "deployedBy",
  rolled_back_by as "rolledBackBy"
from tm_db.deployments`;

/** All deployments and rollbacks, the latest first. */
export async function readDeployments(client: DatabaseClient): Promise<DeploymentSummary[]> {
  const { rows } = await client.query<DeploymentSummary>(`${SELECT_DEPLOYMENTS} order by id desc`);
  return rows;
}

/** A file's entry before a deployment changed it. */
export interface PastChange {
  readonly path: string;
  readonly before: (MigrationEntry & { readonly folder?: undefined }) | AppliedRepeatable | null;
}

/** What deployments changed, the latest change first, from the latest deployment back to `sinceId`. */
export async function readChangesSince(client: DatabaseClient, sinceId: string): Promise<PastChange[]> {
  const { rows } = await client.query<PastChange>(
    `select c.path, c.before
     from tm_db.changes as c
     where c.deployment_id >= $1
     order by c.deployment_id desc, c.position desc`,
    [sinceId],
  );
  return rows;
}

/** Each `migrate` that was not taken back as such, the latest first; what was before an adoption is none of them. */
export async function readDeploymentsLeft(client: DatabaseClient): Promise<DeploymentSummary[]> {
  const { rows } = await client.query<DeploymentSummary>(
    `${SELECT_DEPLOYMENTS} 
     where kind = 'migrate'
       and rolled_back_by is null
       and id > coalesce((select max(id) from tm_db.deployments where kind = 'adopt'), 0)
     order by id desc`,
  );
  return rows;
}

/** The full entries of applied migrations, by name; those of node-pg-migrate's own CLI are not among them. */
export async function readMigrationEntries(client: DatabaseClient): Promise<ReadonlyMap<string, MigrationEntry>> {
  const { rows } = await client.query<MigrationEntry>(
    `select migration as name, path, checksum, content as text, up_sql as "upSql", down_sql as "downSql"
     from tm_db.files
     where folder = 'migrations'`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** A relation, in the words of drift: itself, and the schema that it is in. */
export interface ForeignRelation {
  readonly name: string;
  readonly wholes: readonly [object: string, schema: string];
}

/** Relations that neither PostgreSQL nor an extension nor tm-db brought. */
export async function findForeignRelations(client: DatabaseClient): Promise<ForeignRelation[]> {
  const { rows } = await client.query<ForeignRelation>(
    `select
       r.name,
       array[format('%s %s', r.kind, r.name), format('schema %I', r.schema)] as wholes
     from (
       select
         format('%I.%I', n.nspname, c.relname) as name,
         n.nspname as schema,
         case c.relkind
           when 'v' then 'view'
           when 'm' then 'materialized view'
           when 'f' then 'foreign table'
           else 'table'
         end as kind
       from pg_catalog.pg_class as c
       join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'f')
         and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
         and n.nspname not like 'pg\\_toast%'
         and n.nspname not like 'pg\\_temp%'
         and not exists (
           select from pg_catalog.pg_depend as d
           where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
         )
     ) as r
     order by r.name`,
  );
  return rows;
}
