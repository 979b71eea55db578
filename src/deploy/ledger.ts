import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import { refuseShadow, SHADOW } from "../db/shadows.ts";
import type { AppliedMigration, AppliedRepeatable, LedgerState, MigrationEntry } from "./ledger-state.ts";
import { readUnfinished } from "./unfinished.ts";

/** What one deployment or rollback did, as it is written down. */
export interface DeploymentRecord {
  readonly kind: "migrate" | "rollback" | "adopt";
  readonly toolVersion: string;
  /** The commit of the project's checkout, where it is one. */
  readonly commit: string | undefined;
  readonly startedAt: Date;
  readonly changes: readonly FileChange[];
  /** Deployments that this rollback took back. */
  readonly rollsBack: readonly string[];
}

/** A file's state before and after; null where the file was not there. */
export type FileChange =
  | {
      readonly kind: "migration";
      readonly path: string;
      readonly ms: number;
      readonly before: MigrationEntry | null;
      readonly after: MigrationEntry | null;
    }
  | {
      readonly kind: "repeatable";
      readonly path: string;
      readonly ms: number;
      readonly before: AppliedRepeatable | null;
      readonly after: AppliedRepeatable | null;
    };

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

/**
 * Reads the state of the ledger; works in a READ ONLY transaction, and where there is no ledger.
 * @throws TmDbError PERMISSION_DENIED where part of it is not a table of the schema's owner: reading a view, or writing to
 * a table with triggers, runs what whoever made it wrote, with the rights of this connection. Also where a function or
 * operator of somebody else could be called in the place of PostgreSQL's own.
 */
export async function readLedger(client: DatabaseClient): Promise<LedgerState> {
  const { rows } = await client.query<LedgerFound>(
    `select
       to_regclass('tm_db.files') is not null as files,
       to_regclass('tm_db.migrations') is not null as migrations,
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
  if (found?.migrations !== true || !found.files)
    return { exists: false, migrations: [], repeatables: [], deployer, unfinished: undefined };
  const state = await client.query<{ migrations: AppliedMigration[]; repeatables: AppliedRepeatable[] }>(READ_STATE);
  const { migrations = [], repeatables = [] } = state.rows[0] ?? {};
  return {
    exists: true,
    migrations,
    repeatables,
    deployer,
    unfinished: found.unfinished ? await readUnfinished(client) : undefined,
  };
}

/** Which of the ledger's tables are there, and whose they are. */
interface LedgerFound {
  readonly files: boolean;
  readonly migrations: boolean;
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

const READ_STATE = `
select
  coalesce(
    (
      select json_agg(o)
      from (
        select m.name, coalesce(f.path, m.name) as path, f.checksum
        from tm_db.migrations as m
        left join tm_db.files as f on f.migration = m.name
        order by m.run_on, m.id
      ) as o
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

/** Makes the ledger's schema where it is not there. */
export async function ensureLedger(client: DatabaseClient): Promise<void> {
  await client.query(CREATE_LEDGER);
}

/** The tables are described in docs/formats.md. `tm_db.migrations` is node-pg-migrate's, column for column. */
const CREATE_LEDGER = `
create schema if not exists tm_db;
comment on schema tm_db is 'The ledger of tm-db: what was deployed here, and how it is taken back.';
create table if not exists tm_db.migrations (
  id serial primary key,
  name varchar(255) not null,
  run_on timestamp not null
);
create table if not exists tm_db.deployments (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('migrate', 'rollback', 'adopt')),
  started_at timestamptz not null,
  duration_ms integer not null,
  deployed_by text not null default session_user,
  tool_version text not null,
  commit text,
  rolled_back_by bigint references tm_db.deployments
);
create table if not exists tm_db.files (
  path text primary key,
  folder text not null check (folder in ('migrations', 'functions', 'views', 'policies')),
  migration text unique check ((folder = 'migrations') = (migration is not null)),
  checksum text not null,
  content text not null,
  up_sql text,
  down_sql text,
  made json not null default '[]',
  deployment_id bigint not null references tm_db.deployments
);
create table if not exists tm_db.changes (
  deployment_id bigint not null references tm_db.deployments,
  position integer not null,
  path text not null,
  before json,
  after json,
  duration_ms integer not null,
  primary key (deployment_id, position)
);
-- Texts of a few kilobytes: compressing them would cost more than half of what writing the ledger costs.
alter table tm_db.files alter column content set storage external, alter column up_sql set storage external;
alter table tm_db.changes alter column before set storage external, alter column after set storage external;`;

/** Writes down what was done, in the transaction that did it. Returns the deployment's id. */
export async function recordDeployment(client: DatabaseClient, record: DeploymentRecord): Promise<string> {
  const { changes } = record;
  const paths = changes.filter(({ before }) => before !== null).map(({ path }) => path);
  if (paths.length > 0) await client.query("delete from tm_db.files where path = any ($1)", [paths]);
  const down = changes.flatMap(({ kind, before, after }) => (kind === "migration" && after === null ? [before] : []));
  const up = changes.flatMap(({ kind, before, after }) => (kind === "migration" && before === null ? [after] : []));
  const { rows } = await client.query<{ id: string }>(RECORD, [
    record.kind,
    record.startedAt,
    Date.now() - record.startedAt.getTime(),
    record.toolVersion,
    record.commit ?? null,
    JSON.stringify(changes.map((change, position) => ({ ...change, position, ms: Math.round(change.ms) }))),
    namesOf(down),
    namesOf(up),
    record.rollsBack,
  ]);
  return rows[0]?.id ?? "";
}

function namesOf(entries: readonly (MigrationEntry | null)[]): string[] {
  return entries.flatMap((entry) => entry?.name ?? []);
}

/**
 * The deployment, its changes, and the files and migrations as they stand now: the last change of a path is the one that
 * counts. One statement, since each answer that is waited for takes as long as writing a part of it.
 */
const RECORD = `
with deployment as (
  insert into tm_db.deployments (kind, started_at, duration_ms, tool_version, commit)
  values ($1, $2, $3, $4, $5)
  returning id
),
change as materialized (
  select c.position, c.path, c.before, c.after, c.ms
  from json_to_recordset($6::json) as c (position integer, path text, before json, after json, ms integer)
),
changed as (
  insert into tm_db.changes (deployment_id, position, path, before, after, duration_ms)
  select d.id, c.position, c.path, c.before, c.after, c.ms
  from change as c
  cross join deployment as d
),
standing as (
  insert into tm_db.files (path, folder, migration, checksum, content, up_sql, down_sql, made, deployment_id)
  select c.path, coalesce(a.folder, 'migrations'), a.name, a.checksum, a.text, a."upSql", a."downSql", coalesce(a.made, '[]'), d.id
  from (
    select distinct on (path) path, after
    from change
    order by path, position desc
  ) as c
  cross join deployment as d
  cross join lateral json_to_record(c.after) as a (
    folder text, name text, checksum text, text text, "upSql" text, "downSql" text, made json
  )
  where c.after is not null
),
gone as (
  delete from tm_db.migrations where name = any ($7::text[])
),
applied as (
  insert into tm_db.migrations (name, run_on)
  select m.name, now()
  from unnest($8::text[]) with ordinality as m (name, position)
  -- An adopted one may stand there already: node-pg-migrate may have been told to use this table.
  where not exists (select from tm_db.migrations as known where known.name = m.name)
  order by m.position
),
rolled_back as (
  update tm_db.deployments as past
  set rolled_back_by = d.id
  from deployment as d
  where past.id = any ($9::bigint[])
)
select id from deployment`;

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

/** The last `migrate` that was not taken back. */
export async function readLastDeployment(client: DatabaseClient): Promise<DeploymentSummary | undefined> {
  const { rows } = await client.query<DeploymentSummary>(
    `${SELECT_DEPLOYMENTS} where kind = 'migrate' and rolled_back_by is null order by id desc limit 1`,
  );
  return rows[0];
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
