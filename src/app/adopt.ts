import type { AdoptResult, DatabaseName, Difference } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { isMigrationNamed } from "../core/migration-name.ts";
import type { MigrationFile, ProjectFiles, RepeatableFile } from "../core/project-files.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { withDeployment } from "../db/lock.ts";
import { withTransaction } from "../db/transaction.ts";
import {
  findPresentFiles,
  type ForeignHistory,
  type HistoryTable,
  keepRunTimes,
  readForeignHistory,
} from "../deploy/adopt.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { dropRemains, ensureLedger, type FileChange } from "../deploy/ledger-writing.ts";
import { findLedger } from "../deploy/ledger.ts";
import { readProjectFiles } from "../files/read-project.ts";
import type { Catalog } from "../schema/catalog.ts";
import { compareIgnoring } from "../schema/ignored.ts";
import { differenceSentence } from "../schema/words.ts";
import { withoutTable } from "../schema/without-table.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project } from "./context.ts";
import { withPostgrestSettings } from "./expected-settings.ts";
import { refuseIgnoredFiles } from "./ignored.ts";
import { record } from "./record.ts";
import { refuseOtherDeployer } from "./refuse.ts";
import { readComparable, readExpectedCatalog } from "./scratch-build.ts";

export interface AdoptOptions extends CommandOptions {
  readonly dryRun?: boolean | undefined;
  /** Write the ledger although the database is not what the files make. */
  readonly acceptDifferences?: boolean | undefined;
  /** Where there is no table of node-pg-migrate: the last migration that counts as applied; all, if not given. */
  readonly to?: string | undefined;
  /** node-pg-migrate's own settings; `public` and `pgmigrations` if not given. */
  readonly migrationsSchema?: string | undefined;
  readonly migrationsTable?: string | undefined;
}

/**
 * Writes the ledger for a database that holds already what the files make, as if tm-db had deployed them; also where a
 * part of the ledger was lost. Before that, the files are built on a scratch database, and the catalogs compared.
 * @throws TmDbError ALREADY_DEPLOYED; ADOPTION_REFUSED with every difference; then nothing was written.
 */
export async function adopt(options: AdoptOptions): Promise<AdoptResult> {
  const startedAt = new Date();
  const { signal } = options;
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  await refuseIgnoredFiles(project.config, files);
  const target = await openTarget(project, "must-run");
  const live = await withClient(target.connection, { signal }, async (client) => {
    return await readLive(client, { database: nameOf(target, client), options, files });
  });
  const { table } = live;
  const choice = chooseFiles(files, live, options.to);
  const migrations = await prepareMigrations(project.config.projectDir, choice.migrations);
  const given = { files: { migrations, repeatables: choice.repeatables }, signal };
  const built = await readExpectedCatalog(target, given);
  const expected = withPostgrestSettings(built.catalog, { live: live.catalog, project, target });
  const actual = await withoutTable(live.catalog, table);
  const { differences, ignored } = await compareIgnoring(expected, actual, project.config.ignore);
  if (differences.length > 0 && options.acceptDifferences !== true) throw refused(live.database, differences);
  const deployment =
    options.dryRun === true
      ? null
      : await withClient(target.connection, { signal }, async (client) => {
          return await write(client, { project, live, changes: built.changes, startedAt });
        });
  return {
    command: "adopt",
    database: live.database,
    dryRun: options.dryRun === true,
    deployment,
    history: live.history === undefined ? null : `${table.schema}.${table.name}`,
    adopted: [...choice.migrations, ...choice.repeatables].map(({ path }) => path),
    pending: choice.pending,
    differences,
    ignored,
    rolesAsTheyAre: built.rolesAsTheyAre,
    warnings: choice.warnings,
    ms: Date.now() - startedAt.getTime(),
  };
}

interface Live {
  readonly database: DatabaseName;
  /** Where was looked for what has run. */
  readonly table: HistoryTable;
  readonly catalog: Catalog;
  readonly history: ForeignHistory | undefined;
  readonly present: readonly RepeatableFile[];
}

async function readLive(
  client: DatabaseClient,
  given: { readonly database: DatabaseName; readonly options: AdoptOptions; readonly files: ProjectFiles },
): Promise<Live> {
  const { database, options, files } = given;
  return await withTransaction<Live>(client, "snapshot", async () => {
    const lost = await refuseLedger(client, database);
    const table = historyTable(options, lost);
    return {
      database,
      table,
      history: await readForeignHistory(client, table),
      present: await findPresentFiles(client, files.repeatables),
      catalog: await readComparable(client),
    };
  });
}

/** What is left of a damaged ledger knows best what has run. */
function historyTable({ migrationsSchema, migrationsTable }: AdoptOptions, lost: readonly string[]): HistoryTable {
  const isNamed = migrationsSchema !== undefined || migrationsTable !== undefined;
  if (!isNamed && lost.length > 0 && !lost.includes("migrations")) return { schema: "tm_db", name: "migrations" };
  return { schema: migrationsSchema ?? "public", name: migrationsTable ?? "pgmigrations" };
}

/** Answers what is lost of a damaged one. */
async function refuseLedger(client: DatabaseClient, database: DatabaseName): Promise<readonly string[]> {
  const ledger = await findLedger(client);
  if (!ledger.exists) {
    refuseOtherDeployer(ledger, database);
    return ledger.lost;
  }
  throw new TmDbError("ALREADY_DEPLOYED", `tm-db has deployed to ${database.address} already: it has a ledger`, {
    hint: "npx tm-db status shows what is applied",
  });
}

interface Choice {
  readonly migrations: readonly MigrationFile[];
  readonly repeatables: readonly RepeatableFile[];
  readonly pending: readonly string[];
  readonly warnings: readonly string[];
}

/** What counts as applied: what node-pg-migrate's table names, or else everything up to `to`; and files that are there. */
function chooseFiles(files: ProjectFiles, { history, present }: Live, to: string | undefined): Choice {
  const isApplied = history === undefined ? upTo(files.migrations, to) : byName(history, to);
  const migrations = files.migrations.filter(isApplied);
  const waiting = files.migrations.filter((file) => !isApplied(file));
  const last = files.migrations.findLastIndex(isApplied);
  const known = new Set(files.migrations.map(({ name }) => name));
  const lost = (history?.names ?? []).filter((name) => !known.has(name));
  const early = files.migrations.slice(0, Math.max(0, last)).filter((file) => !isApplied(file));
  const missing = files.repeatables.filter((file) => !present.includes(file));
  return {
    migrations,
    repeatables: present,
    pending: [...waiting, ...missing].map(({ path }) => path),
    warnings: [
      ...lost.map((name) => `${name} was applied and has no file: it is not adopted, and cannot be rolled back`),
      ...early.map(
        ({ path }) => `${path} was not applied and stands before one that was: npx tm-db migrate --allow-out-of-order`,
      ),
    ],
  };
}

function byName(history: ForeignHistory, to: string | undefined): (file: MigrationFile) => boolean {
  if (to !== undefined) {
    throw new TmDbError(
      "USAGE",
      "--to is for a database without a table of node-pg-migrate; here the table says what ran",
      {
        hint: "leave --to out",
      },
    );
  }
  const applied = new Set(history.names);
  return ({ name }) => applied.has(name);
}

function upTo(migrations: readonly MigrationFile[], to: string | undefined): (file: MigrationFile) => boolean {
  if (to === undefined) return () => true;
  const last = migrations.findIndex(({ name }) => isMigrationNamed(name, to));
  if (last < 0) {
    throw new TmDbError("USAGE", `no migration is named ${to}`, { hint: "npx tm-db status lists them" });
  }
  const applied = new Set(migrations.slice(0, last + 1));
  return (file) => applied.has(file);
}

function refused({ address }: DatabaseName, differences: readonly Difference[]): TmDbError {
  return new TmDbError("ADOPTION_REFUSED", `${address} is not what the files make, so nothing was written`, {
    problems: differences.map((found) => ({ message: differenceSentence(found) })),
    hint: "mend the files or the database; name in ignore of tm-db.config.json what others look after; or, if it shall stay so: npx tm-db adopt --accept-differences",
  });
}

async function write(
  client: DatabaseClient,
  given: {
    readonly project: Project;
    readonly live: Live;
    readonly changes: readonly FileChange[];
    readonly startedAt: Date;
  },
): Promise<string> {
  const { project, live, changes, startedAt } = given;
  const { onEvent } = project.options;
  return await withDeployment(client, { mode: "read write", timeouts: {}, onEvent }, async () => {
    // Somebody may have been quicker while the scratch database was being built.
    await dropRemains(client, await refuseLedger(client, live.database));
    await ensureLedger(client);
    const deployment = await record(client, { kind: "adopt", project, startedAt, changes });
    if (live.history !== undefined) await keepRunTimes(client, live.table);
    return deployment;
  });
}
