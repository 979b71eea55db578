import type { DatabaseClient } from "../db/client.ts";
import type { AppliedRepeatable, MigrationEntry } from "./ledger-state.ts";

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

/**
 * Takes away what an adoption writes anew, where `lost` of a ledger is not there any more: what it says of files, and changes
 * that no deployment is left of. Migrations keep the times at which they ran.
 */
export async function dropRemains(client: DatabaseClient, lost: readonly string[]): Promise<void> {
  if (lost.length === 0) return;
  const others = lost.includes("deployments") ? ["changes"] : [];
  for (const table of ["files", ...others]) await client.query(`drop table if exists tm_db.${table}`);
}

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
  const known = changes.filter(({ before }) => before !== null).map(({ path }) => path);
  const gone = changes.filter(({ after }) => after === null).map(({ path }) => path);
  const down = changes.flatMap(({ kind, before, after }) => (kind === "migration" && after === null ? [before] : []));
  const up = changes.flatMap(({ kind, before, after }) => (kind === "migration" && before === null ? [after] : []));
  const { rows } = await client.query<{ id: string }>(RECORD, [
    record.kind,
    record.startedAt,
    Date.now() - record.startedAt.getTime(),
    record.toolVersion,
    record.commit ?? null,
    JSON.stringify(changes.map(({ path, after, ms }, position) => ({ position, path, after, ms: Math.round(ms) }))),
    known,
    gone,
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
 * counts. What a file was before, the ledger knows: `was` has it as it stood before this statement, whatever else that
 * does. One statement, since each answer that is waited for takes as long as writing a part of it.
 */
const RECORD = `
with deployment as (
  insert into tm_db.deployments (kind, started_at, duration_ms, tool_version, commit)
  values ($1, $2, $3, $4, $5)
  returning id
),
change as materialized (
  select c.position, c.path, c.after, c.ms
  from json_to_recordset($6::json) as c (position integer, path text, after json, ms integer)
),
was as (
  select
    f.path,
    case f.folder
      when 'migrations' then json_build_object(
        'name', f.migration, 'path', f.path, 'checksum', f.checksum, 'text', f.content, 'upSql', f.up_sql, 'downSql', f.down_sql
      )
      else json_build_object(
        'path', f.path, 'folder', f.folder, 'checksum', f.checksum, 'text', f.content, 'made', f.made
      )
    end as entry
  from tm_db.files as f
  where f.path = any ($7::text[])
),
changed as (
  insert into tm_db.changes (deployment_id, position, path, before, after, duration_ms)
  select d.id, c.position, c.path, w.entry, c.after, c.ms
  from change as c
  cross join deployment as d
  left join was as w on w.path = c.path
),
gone as (
  delete from tm_db.files where path = any ($8::text[])
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
  on conflict (path) do update set
    folder = excluded.folder,
    migration = excluded.migration,
    checksum = excluded.checksum,
    content = excluded.content,
    up_sql = excluded.up_sql,
    down_sql = excluded.down_sql,
    made = excluded.made,
    deployment_id = excluded.deployment_id
),
undone as (
  delete from tm_db.migrations where name = any ($9::text[])
),
applied as (
  insert into tm_db.migrations (name, run_on)
  -- node-pg-migrate orders by it, and local time may go back.
  select m.name, greatest(now()::timestamp, (select max(earlier.run_on) from tm_db.migrations as earlier))
  from unnest($10::text[]) with ordinality as m (name, position)
  -- An adopted one may stand there already: node-pg-migrate may have been told to use this table.
  where not exists (select from tm_db.migrations as known where known.name = m.name)
  order by m.position
),
rolled_back as (
  update tm_db.deployments as past
  set rolled_back_by = d.id
  from deployment as d
  where past.id = any ($11::bigint[])
)
select id from deployment`;
